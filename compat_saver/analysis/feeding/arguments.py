"""Inputs that say how an op shapes, cuts or orders another input: which values the op accepts.

An op such as Reshape takes only what fits the shape of the tensor beside it, so no number of its own will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from compat_saver.analysis.feeding.flow import scalar
from compat_saver.analysis.feeding.wanted_shapes import BINARY, SAME_SHAPE
from compat_saver.analysis.known_values import stored_shape
from compat_saver.analysis.values.weights import fits
from compat_saver.graph import Node, Use, Value
from compat_saver.graph.attributes import Shape

_DEEPEST = 32
_FORWARD = ("Identity", "Cast")
_Shape = tuple[int, ...]


def is_argument(value: Value) -> bool:
    """Whether an op reads an input as an argument that has to fit another tensor."""
    return any((use.node.op, use.position) in _ARGUMENTS for use in _readers(value))


def argument(value: Value, declared: Shape, shapes: Mapping[Value, _Shape]) -> np.ndarray | None:
    """Returns what an input has to be for the op that reads it as an argument; None if none does, or it is not known.

    Args:
        value: the input.
        declared: its shape, as far as it is known.
        shapes: the shapes of all inputs.
    """
    for use in _readers(value):
        make = _ARGUMENTS.get((use.node.op, use.position))
        shape = _shape_of(use.node.inputs[0], shapes) if make is not None else None
        if make is not None and shape is not None:
            count = len(shape) if declared is None or None in declared else math.prod(size or 0 for size in declared)
            found = np.array(make(use.node, shape, count), np.int64)
            return found if fits(found.shape, declared) else None
    return None


def _readers(value: Value) -> Iterator[Use]:
    pending = [value]
    for item in pending:
        yield from item.uses
        pending += [use.node.output() for use in item.uses if use.node.op in _FORWARD]


def _shape_of(value: Value, shapes: Mapping[Value, _Shape], deepest: int = _DEEPEST) -> _Shape | None:
    """Returns the shape of an input or a weight, or of what layers make of it; None if it is not known."""
    if value in shapes:
        return shapes[value]
    node = value.node
    if (stored := stored_shape(value)) is not None:
        return tuple(size or 0 for size in stored)
    if deepest == 0 or node.op not in (*SAME_SHAPE, *BINARY, "BiasAdd", "MatMul"):
        return None
    if node.op == "BiasAdd":
        return _shape_of(node.inputs[0], shapes, deepest - 1)
    found = [_shape_of(item, shapes, deepest - 1) for item in node.inputs]
    known = [shape for shape in found if shape is not None]
    if len(known) < len(found):
        return None
    if node.op == "MatMul":
        left, right = (
            shape[::-1] if node.attr.bool(f"transpose_{key}") else shape for key, shape in zip("ab", known, strict=True)
        )
        return (*left[:1], *right[1:])
    return _broadcast_of(known)


def _broadcast_of(shapes: list[_Shape]) -> _Shape:
    rank = max(map(len, shapes))
    sizes = zip(*((*(1,) * (rank - len(shape)), *shape) for shape in shapes), strict=True)
    return tuple(max(at) for at in sizes)


# ---- op by op: from the op, the shape of the tensor beside the argument, and how many elements the argument has


def _new_shape(node: Node, shape: _Shape, count: int) -> _Shape:
    """Returns as many sizes as there are to be: the last of them takes all that is left, or further ones are 1."""
    if count < len(shape):
        return (*shape[: count - 1], math.prod(shape[count - 1 :]))[:count]
    return (*shape, *(1,) * (count - len(shape)))


def _broadcast(node: Node, shape: _Shape, count: int) -> _Shape:
    return (*(2,) * (count - len(shape)), *shape)


def _start(node: Node, shape: _Shape, count: int) -> _Shape:
    return (0,) * count


def _rest(node: Node, shape: _Shape, count: int) -> _Shape:
    return (-1,) * count


def _end(node: Node, shape: _Shape, count: int) -> _Shape:
    return shape[:count]


def _ones(node: Node, shape: _Shape, count: int) -> _Shape:
    return (1,) * count


def _paddings(node: Node, shape: _Shape, count: int) -> list[list[int]]:
    """Returns a row and a column more on each side, none where a mirror of one has nothing to show."""
    return [[int(size > 1)] * 2 for size in shape]


def _last_size(node: Node, shape: _Shape, count: int) -> int:
    return shape[-1] if shape else 1


def _reversed_axes(node: Node, shape: _Shape, count: int) -> list[int]:
    return [*reversed(range(len(shape)))]


def _parts(node: Node, shape: _Shape, count: int) -> list[int]:
    """Returns the sizes of parts along the axis that the op names: 1 each, and what is left."""
    count = node.attr.int("num_split")
    axis = scalar(node.inputs[2])
    whole = shape[int(axis)] if axis is not None and -len(shape) <= axis < len(shape) else count
    return [*(1,) * (count - 1), whole - count + 1]


_Make = Callable[[Node, _Shape, int], "int | _Shape | list[int] | list[list[int]]"]
_ARGUMENTS: Mapping[tuple[str, int], _Make] = {
    ("Reshape", 1): _new_shape,
    ("BroadcastTo", 1): _broadcast,
    ("Slice", 1): _start,
    ("Slice", 2): _rest,
    ("StridedSlice", 1): _start,
    ("StridedSlice", 2): _end,
    ("StridedSlice", 3): _ones,
    ("Pad", 1): _paddings,
    ("PadV2", 1): _paddings,
    ("MirrorPad", 1): _paddings,
    ("TopKV2", 1): _last_size,
    ("Transpose", 1): _reversed_axes,
    ("SplitV", 1): _parts,
}
"""(op, the input that is an argument) -> what makes it."""
