"""What is read of an HDF5 file: its own groups, attributes and datasets, and nothing that leads out of the file."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from compat_saver import dtypes
from compat_saver.bundle.arrays import Array
from compat_saver.errors import ArtifactError, FormatError
from compat_saver.keras_files.contents import Weight

MOST_RATIO = 1100
"""How much larger than its bytes in a file anything may be: compression with deflate reaches 1032."""
_SMALL = 1 << 24

# What h5py raises for a damaged file, by what it reads.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeDecodeError)


def open_hdf5(path: str, file: IO[bytes] | None = None) -> Any:
    """Returns the opened h5py.File.

    Args:
        path: the file, for messages where `file` is given.
        file: its bytes, where they are not a file of their own.

    Raises:
        ArtifactError: h5py is not installed, or the file cannot be read.
    """
    try:
        h5py = importlib.import_module("h5py")
    except ImportError as error:
        raise ArtifactError(
            f"{path}: its weights are in HDF5, and h5py, which reads HDF5, cannot be imported ({error}). "
            "Install it with: pip install h5py"
        ) from error
    try:
        return h5py.File(path if file is None else file, "r")
    except _DAMAGE as error:
        advice = "It is damaged, cut short or of another kind; copy it again."
        raise ArtifactError(f"{path}: cannot be read as an HDF5 file ({error}). {advice}") from error


def member(group: Any, name: str, path: str) -> Any:
    """Returns a group or dataset below a group; None if there is none.

    Raises:
        FormatError: it is a link, which may lead to another file; or damaged.
    """
    try:
        for part in name.strip("/").split("/"):
            link = group.get(part, getlink=True) if hasattr(group, "keys") else None
            if link is None:
                return None
            if type(link).__name__ != "HardLink":
                raise FormatError("a link", path=path, expected=f"{name!r} itself", found=type(link).__name__)
            group = group[part]
    except FormatError:
        raise
    except _DAMAGE as error:
        raise FormatError("damaged", path=path, expected=f"{name!r}", found=str(error)) from error
    return group


def is_dataset(item: Any) -> bool:
    """Whether an item is a dataset; a group is none."""
    return hasattr(item, "shape")


def text(group: Any, attribute: str) -> str:
    """Returns an attribute as text; "" if there is none."""
    found = group.attrs.get(attribute, "") if group is not None else ""
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)


def texts(group: Any, attribute: str) -> list[str]:
    """Returns the strings of an attribute; one too large for HDF5 is split into `NAME0`, `NAME1`, ..."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        pieces = itertools.takewhile(lambda name: name in group.attrs, (f"{attribute}{n}" for n in itertools.count()))
        found = [item for piece in pieces for item in group.attrs[piece]]
    return [item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in found]


def weight_of(dataset: Any, name: str, path: str) -> Weight:
    """Returns a dataset as a weight, which is read when its values are wanted.

    Raises:
        FormatError: it is no dataset of numbers, or its values are in other files.
    """
    if not is_dataset(dataset) or dataset.shape is None:
        raise FormatError("bad weight", path=path, expected=f"a dataset for {name!r}", found=type(dataset).__name__)
    try:
        dtype = dtypes.from_numpy(dataset.dtype.newbyteorder("="))
    except TypeError:
        raise FormatError("bad weight", path=path, expected=f"numbers for {name!r}", found=str(dataset.dtype)) from None

    def read(slices: tuple[slice, ...]) -> Array:
        _require_own_bytes(dataset, name, path)
        try:
            return np.asarray(dataset[slices or ()], dataset.dtype.newbyteorder("="))
        except _DAMAGE as error:
            raise ArtifactError(f"{path}: {name!r} cannot be read ({error}).") from error

    return Weight(name, dataset.name, tuple(dataset.shape), dtype, read)


def _require_own_bytes(dataset: Any, name: str, path: str) -> None:
    """Raises FormatError for values in other files, and for an array much larger than what is stored of it."""
    if dataset.external or dataset.is_virtual:
        raise FormatError("values outside of the file", path=path, expected=f"{name!r} in it", found="another file")
    nbytes, stored = math.prod(dataset.shape) * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if nbytes > max(_SMALL, MOST_RATIO * stored):
        raise FormatError("cut short", path=path, expected=f"{nbytes:,} bytes of {name!r}", found=f"{stored:,}")


def below(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yields (name, group or dataset) of everything directly in a group."""
    for name in group:
        yield name, member(group, name, path)
