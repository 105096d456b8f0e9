"""Stored bytes and numpy arrays: the same memory where that is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compat_saver.bundle.boxes import Box
from compat_saver.bundle.files import Buffer
from compat_saver.dtypes import DType
from compat_saver.errors import ArtifactError

Array = npt.NDArray[np.generic]


def numpy_dtype(dtype: DType, name: str, path: str) -> np.dtype[np.generic]:
    """Returns the numpy dtype of a tensor's elements.

    Raises:
        ArtifactError: numpy has none: the tensor holds resources or variants, or ml_dtypes is too old.
    """
    try:
        return dtype.numpy
    except TypeError as error:
        raise ArtifactError(f"{path}: tensor {name!r} cannot become an array: {error}") from None


def decode(data: Buffer, dtype: np.dtype[np.generic], count: int, byte_order: str = "<") -> Array:
    """Returns stored bytes as a flat array: a view of them, or a swapped copy where the byte order is foreign."""
    if byte_order == ">":
        data = swapped(data, dtype)
    return frozen(np.frombuffer(data, dtype, count))


def swapped(data: Buffer, dtype: np.dtype[np.generic]) -> memoryview:
    """Returns a copy of numbers in the other byte order; a complex number is two numbers, each of which is swapped."""
    width = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    numbers = np.frombuffer(data, f"u{width}").byteswap()
    return memoryview(numbers).cast("B")


def shaped(array: Array, shape: tuple[int, ...], name: str, path: str) -> Array:
    """Returns the array in that shape.

    Raises:
        ArtifactError: numpy does not support so many dimensions; TensorFlow supports 254.
    """
    try:
        return array.reshape(shape)
    except ValueError as error:
        raise ArtifactError(f"{path}: tensor {name!r} cannot become an array: {error}") from None


def encode(array: Array) -> memoryview:
    """Returns the bytes of an array as files have them: row-major, little-endian; a view where that is its layout."""
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    flat = np.asarray(array, order="C").reshape(-1)
    return flat.view(np.uint8).data


def frozen(array: Array) -> Array:
    """Returns the array, made read-only."""
    array.flags.writeable = False
    return array


def part(array: Array, box: Box) -> Array:
    """Returns a part of an array as an array, which plain indexing does not do for rank 0."""
    index: tuple[Any, ...] = (*box, ...)
    view: Array = array[index]
    return view
