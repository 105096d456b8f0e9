"""One tensor, or a part of it: as an array, or into a .npy file."""

from __future__ import annotations

import re

from compat_saver.bundle import boxes
from compat_saver.bundle.arrays import Array
from compat_saver.checkpoints.opening import PathArgument, open_source
from compat_saver.errors import UsageError

_RANGE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")


def get(source: PathArgument, name: str, slices: str | tuple[slice, ...] = ()) -> Array:
    """Returns a tensor, read-only; of a partitioned one only the parts that are needed are read.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        name: the tensor.
        slices: the part of it, as slices or as text such as "0:10,:"; all by default.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
        TensorNotFoundError: there is no such tensor.
        UsageError: the slices are none, or do not fit.
    """
    chosen = parse_slices(slices) if isinstance(slices, str) else slices
    with open_source(source) as checkpoint:
        return checkpoint.read_slice(name, chosen)


def parse_slices(text: str) -> tuple[slice, ...]:
    """Returns the slices written as `0:10,:,-3:`, with or without brackets; the empty text is none.

    Raises:
        UsageError: the text is not of that form.
    """
    inside = text.strip().removeprefix("[").removesuffix("]")
    return tuple(_parse_range(item, text) for item in inside.split(",")) if inside.strip() else ()


def _parse_range(item: str, text: str) -> slice:
    match = _RANGE.fullmatch(item)
    if match is None:
        raise UsageError(f"expected ranges such as '0:10,:', got {item!r} in {text!r}")
    return slice(*(None if bound is None else int(bound) for bound in match.groups()))


def shape_of_part(slices: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of a part.

    Raises:
        UsageError: the slices do not fit.
    """
    return boxes.box_shape(boxes.normalize(slices, shape))
