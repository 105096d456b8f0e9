"""Reads chosen arrays of an .npz file of a stranger: what it claims is checked before anything is inflated."""

from __future__ import annotations

import math
import tokenize
import zipfile
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy_format

from compat_saver.errors import UsageError
from compat_saver.sniff import ZIP_DAMAGE, special_file

_SUFFIX = ".npy"
_ENCRYPTED = 1
_LONGEST_HEADER = 65_536
_MOST_BYTES = 1 << 32
BAD_HEADER = (
    *(ValueError, TypeError, LookupError, SyntaxError, tokenize.TokenError),
    *(OverflowError, MemoryError, RecursionError, AttributeError),
)
"""What numpy raises on a header that it cannot read: it is the text of a Python expression."""


class Header(NamedTuple):
    """What is recorded of an array before its elements."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def read_inputs(
    path: str | PathLike[str],
    is_wanted: Callable[[str], bool],
    check: Callable[[str, Header], None] = lambda name, header: None,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the wanted arrays by name, and the names of all; the others are not looked at.

    Args:
        path: the file.
        is_wanted: whether an array of this name is wanted.
        check: called for each with its name and what it claims to be, before any element is inflated; it may raise.

    Raises:
        UsageError: there is no such file, it is no .npz file, damaged, encrypted, or holds more than 4 GiB.
    """
    if special := special_file(path):
        raise UsageError(f"{path}: expected a .npz file, found {special}.")
    if not Path(path).is_file():
        raise UsageError(f"{path}: there is no such file; it should hold an array per input (numpy.savez).")
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is no .npz file. Make one with numpy.savez: an array per input.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {item.filename.removesuffix(_SUFFIX): item for item in archive.infolist()}
            wanted = {name: item for name, item in members.items() if is_wanted(name)}
            _check_size(path, wanted)
            for name, item in wanted.items():
                check(name, _header(archive, item))
            return {name: _array(archive, item) for name, item in wanted.items()}, list(members)
    except UsageError:
        raise
    except (*ZIP_DAMAGE, *BAD_HEADER) as error:
        raise UsageError(f"{path} cannot be read as an .npz file of arrays: {error or type(error).__name__}") from None


def _check_size(path: str | PathLike[str], members: dict[str, zipfile.ZipInfo]) -> None:
    total = sum(item.file_size for item in members.values())
    if total > _MOST_BYTES:
        raise UsageError(f"{path} holds {total:,} bytes of inputs; expected at most {_MOST_BYTES:,}. Give fewer rows.")


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    if member.flag_bits & _ENCRYPTED:
        raise ValueError(f"{member.filename!r} is encrypted")
    with archive.open(member) as file:
        major, _ = npy_format.read_magic(file)
        length = int.from_bytes(file.read(2 if major == 1 else 4), "little")
        if length > _LONGEST_HEADER:
            raise ValueError(f"the header of {member.filename!r} claims {length:,} bytes")
    with archive.open(member) as file:
        npy_format.read_magic(file)
        read = npy_format.read_array_header_1_0 if major == 1 else npy_format.read_array_header_2_0
        shape, _, dtype = read(file)
        left = member.file_size - file.tell()
    if dtype.hasobject or dtype.names:
        raise ValueError(f"{member.filename!r} is not an array of numbers or strings, but of {dtype}")
    if math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"{member.filename!r} is damaged: {dtype} {shape} does not take the {left:,} bytes it has")
    return Header(dtype, shape)


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        array: np.ndarray = npy_format.read_array(file, allow_pickle=False)
        file.read()  # to the end, where the archive's checksum is compared
        return array
