"""What the operations read: checkpoints by any path, tensors by pattern, parts of tensors by slice."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from os import PathLike

from compat_saver.bundle import Checkpoint, boxes
from compat_saver.bundle.arrays import Array
from compat_saver.checkpoints.keras_reader import open_any
from compat_saver.errors import UsageError, and_more, nearest_names
from compat_saver.sources import open_checkpoint

PathArgument = str | PathLike[str]

MOST_SHOWN = 10
"""Names that a message lists before it counts the others."""


def open_sources(sources: Sequence[PathArgument]) -> list[Checkpoint]:
    """Opens several.

    Raises:
        UsageError: there are fewer than two.
        ArtifactError: as for `open_checkpoint`.
    """
    if isinstance(sources, str) or len(sources) < 2:
        raise UsageError("expected at least two checkpoints")
    return [open_checkpoint(source) for source in sources]


def matching(names: Iterable[str], patterns: Sequence[str]) -> set[str]:
    """Returns the names that match a shell pattern; `*` goes across slashes, and a pattern without `*` is a name.

    Raises:
        UsageError: a pattern that matches nothing; all such are named.
    """
    known = list(names)
    chosen: set[str] = set()
    idle = []
    for pattern in patterns:
        fits = re.compile(fnmatch.translate(pattern)).match
        found = {name for name in known if name == pattern or fits(name)}
        chosen |= found
        if not found:
            idle.append(pattern)
    if idle:
        hint = nearest_names(idle[0], known)
        raise UsageError(f"No tensor matches {and_more(idle, MOST_SHOWN)}{hint or '.'}")
    return chosen


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
    with open_any(os.fspath(source)) as checkpoint:
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
