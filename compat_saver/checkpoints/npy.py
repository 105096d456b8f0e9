"""numpy's .npy files, written and read piece by piece: a header, then the elements.

Types that numpy has no letter for (bfloat16, the 8-bit floats) are written as numpy.save writes them, as raw bytes.
Strings are written at one length, filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from compat_saver.bundle.arrays import encode
from compat_saver.bundle.files import CHUNK
from compat_saver.checkpoints.values import Flat, Values
from compat_saver.dtypes import DType
from compat_saver.errors import FormatError
from compat_saver.sources.npz_inputs import BAD_HEADER


def problem(dtype: DType, values: Values) -> str:
    """Returns why a tensor cannot be a .npy file; "" if it can."""
    if dtype.name == "string":
        return "strings that end with a zero byte" if any(item[-1:] == b"\0" for item in values.strings().flat) else ""
    return "" if _has_numpy(dtype) else f"of {dtype.name}"


def _has_numpy(dtype: DType) -> bool:
    try:
        return bool(dtype.numpy)
    except TypeError:
        return False


def write(out: IO[bytes], values: Values, shape: tuple[int, ...], chunks: Iterator[memoryview]) -> None:
    """Writes a header and numbers."""
    element = values.dtype.numpy
    descr = npy_format.dtype_to_descr(element) if element.isbuiltin == 1 else f"|V{element.itemsize}"
    _write_header(out, descr, shape)
    for chunk in chunks:
        out.write(chunk)


def write_strings(out: IO[bytes], array: Flat) -> None:
    """Writes a header and strings, each filled up to the length of the longest."""
    fixed = np.array(array, dtype="S") if array.size else np.empty(array.shape, "S1")
    _write_header(out, fixed.dtype.str, array.shape)
    out.write(encode(fixed))


def _write_header(out: IO[bytes], descr: object, shape: tuple[int, ...]) -> None:
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    npy_format.write_array_header_2_0(out, header)


def read_header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Returns shape, whether the elements are in Fortran's order, and their type.

    Raises:
        FormatError: it is no .npy file, or one of Python objects.
    """
    try:
        major, _ = npy_format.read_magic(file)
        read = npy_format.read_array_header_1_0 if major == 1 else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except BAD_HEADER as error:
        raise FormatError("bad .npy header", path=where, expected="numpy's header", found=str(error)) from None
    if dtype.hasobject or dtype.names:
        raise FormatError("not an array of numbers", path=where, expected="numbers or strings", found=str(dtype))
    return shape, fortran, dtype


def read_chunks(file: IO[bytes], count: int, width: int, where: str) -> Iterator[memoryview]:
    """Yields `count` elements of `width` bytes as they are stored.

    Raises:
        FormatError: there are fewer.
    """
    left = count * width
    while left:
        chunk = file.read(min(left, CHUNK // width * width or width))
        if not chunk or len(chunk) % width:
            raise FormatError("cut short", path=where, expected=f"{left} more bytes", found=f"{len(chunk)}")
        left -= len(chunk)
        yield memoryview(chunk)
