"""Boxes: slices resolved against a shape. Cutting them, relating them, and whether they tile a tensor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from compat_saver.errors import UsageError

Box = tuple[slice, ...]
"""Start and stop for every dimension."""


def box_shape(box: Box) -> tuple[int, ...]:
    """Returns the shape of what a box covers."""
    return tuple(part.stop - part.start for part in box)


def whole(shape: Sequence[int]) -> Box:
    """Returns the box that covers all of a shape."""
    return tuple(slice(0, size) for size in shape)


def intersect(a: Box, b: Box) -> Box | None:
    """Returns what two boxes of the same rank have in common, None if that is nothing."""
    both = tuple(slice(max(x.start, y.start), min(x.stop, y.stop)) for x, y in zip(a, b, strict=True))
    return both if all(part.start < part.stop for part in both) else None


def relative(box: Box, origin: Box) -> Box:
    """Returns a box counted from the first corner of another."""
    return tuple(slice(part.start - base.start, part.stop - base.start) for part, base in zip(box, origin, strict=True))


def normalize(slices: Sequence[slice], shape: Sequence[int]) -> Box:
    """Returns the box of Python slices, as indexing an array with them would understand them.

    Raises:
        UsageError: too many slices for the shape, or a step other than 1.
    """
    if len(slices) > len(shape):
        raise UsageError(f"{len(slices)} slices for a tensor of shape {tuple(shape)}")
    box = []
    for part, size in zip(slices, shape, strict=False):
        if not isinstance(part, slice) or part.step not in (None, 1):
            raise UsageError(f"expected slices with step 1, got {part!r}")
        start, stop, _ = part.indices(size)
        box.append(slice(start, max(start, stop)))
    return (*box, *whole(shape[len(slices) :]))


def runs(box: Box, limit: int) -> Iterator[Box]:
    """Cuts a box into smaller ones, in row-major order, each of at most `limit` elements (or one)."""
    shape = box_shape(box)
    inner, axis = 1, len(box)
    while axis > 0 and inner * shape[axis - 1] <= limit:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield box
        return
    cut, rows = box[axis - 1], max(1, limit // max(1, inner))
    for at in np.ndindex(*shape[: axis - 1]):
        head = zip(box, at, strict=False)
        outer = tuple([slice(part.start + i, part.start + i + 1) for part, i in head])
        for start in range(cut.start, cut.stop, rows):
            yield (*outer, slice(start, min(start + rows, cut.stop)), *box[axis:])


def tiling_problem(boxes: Sequence[Box], shape: Sequence[int]) -> str | None:
    """Returns what is wrong with boxes that should cover a shape exactly once, or None.

    Cases: two boxes overlap; or some elements are in no box.
    """
    pair = overlapping(boxes)
    if pair is not None:
        first, second = (describe(boxes[i]) for i in pair)
        return f"slices {first} and {second}, which overlap"
    missing = math.prod(shape) - sum(math.prod(box_shape(box)) for box in boxes)
    return f"{missing} elements in no slice" if missing else None


def describe(box: Box) -> str:
    """Returns a box as numpy's indexing would write it: `[0:10, 2:4]`."""
    return "[" + ", ".join(f"{part.start}:{part.stop}" for part in box) + "]"


def overlapping(boxes: Sequence[Box]) -> tuple[int, int] | None:
    """Returns the positions of two boxes that overlap, or None.

    Boxes are swept along the axis with the most distinct starts, so that partitions, which is what real files hold,
    take little more than linear time.
    """
    if len(boxes) < 2:
        return None
    if not boxes[0]:
        return 0, 1
    starts = np.array([[part.start for part in box] for box in boxes], np.int64)
    stops = np.array([[part.stop for part in box] for box in boxes], np.int64)
    axis = int(np.argmax([len(np.unique(column)) for column in starts.T]))
    order = np.argsort(starts[:, axis], kind="stable")
    starts, stops = starts[order], stops[order]
    reach = np.searchsorted(starts[:, axis], stops[:, axis])
    for i in range(len(boxes)):
        later = slice(i + 1, int(reach[i]))
        clash = ((starts[later] < stops[i]) & (starts[i] < stops[later])).all(axis=1)
        if clash.any():
            return int(order[i]), int(order[i + 1 + int(np.argmax(clash))])
    return None
