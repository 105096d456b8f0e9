"""numpy's .npz archives: a ZIP file of .npy files, written and read tensor by tensor.

The type of a tensor is recorded in the comment of its member wherever the .npy header cannot express it (bfloat16, the
quantized types); numpy.load ignores it and gives raw bytes or the plain integers.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

import numpy as np

from compat_saver import dtypes
from compat_saver.bundle.arrays import encode
from compat_saver.checkpoints import npy
from compat_saver.checkpoints.values import Flat, Numbers, Slices, Strings, Values
from compat_saver.checkpoints.write_plan import Entry
from compat_saver.dtypes import DType
from compat_saver.errors import ArtifactError, CompatSaverError, FormatError
from compat_saver.sniff import ZIP_DAMAGE

_SUFFIX = ".npy"
# The time that the format starts to count at; one that varies would make equal content unequal files.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def problem(name: str, values: Values) -> str:
    """Returns why a tensor cannot be in the file; "" if it can."""
    return npy.problem(values.dtype, values)


def write(out: BinaryIO, entries: list[Entry]) -> Iterator[int]:
    """Writes an archive, uncompressed as numpy.savez has it; yields the bytes of each tensor when it is written."""
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        for entry in entries:
            values = entry.values
            member = zipfile.ZipInfo(entry.name + _SUFFIX, _EPOCH)
            if values.dtype.itemsize and _plain(values.dtype.numpy) != values.dtype:
                member.comment = values.dtype.name.encode()
            with archive.open(member, "w", force_zip64=True) as file:
                if values.dtype.itemsize:
                    npy.write(file, values, values.shape, values.chunks())
                else:
                    npy.write_strings(file, values.strings())
            yield values.nbytes


def read(path: str) -> list[Entry]:
    """Returns the arrays of an archive as entries whose values are read when they are written.

    Raises:
        ArtifactError: it is no such archive, or holds something else than arrays of numbers and strings.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_DAMAGE as error:
        raise ArtifactError(f"{path}: expected a .npz file: {error}") from None
    return [_entry(archive, member, path) for member in archive.infolist()]


def _entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> Entry:
    name, where = member.filename.removesuffix(_SUFFIX), f"{path}: {member.filename}"
    with _opened(archive, member, where) as file:
        shape, fortran, element = npy.read_header(file, where)
    nbytes = math.prod(shape) * element.itemsize
    if nbytes > member.file_size:
        raise FormatError("cut short", path=where, expected=f"{nbytes} bytes", found=f"{member.file_size}")
    if element.kind in "SU":
        return Entry(name, Strings(_strings(_array(archive, member, where))))
    dtype = _dtype(element, member.comment, where)

    def compute(slices: Slices) -> Iterator[memoryview]:
        if fortran and len(shape) > 1:
            yield encode(np.ascontiguousarray(_array(archive, member, where)))
        else:
            yield from _chunks(archive, member, where)

    return Entry(name, Numbers(dtype, shape, compute))


@contextmanager
def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> Iterator[IO[bytes]]:
    """Gives a member to read; what is wrong with it becomes an error of this package."""
    try:
        with archive.open(member) as file:
            yield file
    except CompatSaverError:
        raise
    except ZIP_DAMAGE as error:
        raise FormatError("damaged", path=where, expected="an array in a ZIP member", found=str(error)) from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> Flat:
    with _opened(archive, member, where) as file:
        array: Flat = np.lib.format.read_array(file)
        return array


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> Iterator[memoryview]:
    with _opened(archive, member, where) as file:
        shape, _, element = npy.read_header(file, where)
        for chunk in npy.read_chunks(file, math.prod(shape), element.itemsize, where):
            yield chunk if element.byteorder != ">" else encode(np.frombuffer(chunk, element))
        file.read()  # to the end, where the archive's checksum is compared


def _strings(array: Flat) -> Flat:
    """Returns bytes or text as bytes objects."""
    encoded = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
    out = np.empty(array.size, np.object_)
    out[:] = encoded.reshape(-1).tolist()
    return out.reshape(array.shape)


def _dtype(element: np.dtype[np.generic], comment: bytes, where: str) -> DType:
    found = _plain(element)
    if comment:
        named = _by_name(comment.decode("ascii", "replace"))
        found = named if named is not None and named.itemsize == element.itemsize else None
    if found is None:
        raise FormatError(
            "of a type that TensorFlow does not have",
            path=where,
            expected="numbers or strings",
            found=f"{element} {comment.decode('ascii', 'replace')}".rstrip(),
        )
    return found


def _plain(element: np.dtype[np.generic]) -> DType | None:
    """Returns the type that a .npy header expresses by itself."""
    if element.kind not in "biufc" or element.isbuiltin == 2:  # 2: registered by others
        return None
    try:
        return dtypes.from_numpy(element)
    except TypeError:
        return None


def _by_name(name: str) -> DType | None:
    try:
        return dtypes.by_name(name)
    except KeyError:
        return None
