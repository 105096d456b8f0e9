"""Recognizes how a graph counts: rows of a tensor, elements of an array (`unstack`, `stack`), iterations of a loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from compat_saver.graph.ir import Value
from compat_saver.passes.control_flow.recorded_shapes import RecordedShapes
from compat_saver.proto.tensors import to_array

_SIZES = ("TensorArraySizeV3", "TensorListLength")
_PICKS = ("Gather", "GatherV2")
_ADDITIONS = ("Add", "AddV2")


def range_end(indices: Value) -> Value | None:
    """Returns the n of range(0, n), or None for anything else."""
    node = indices.node
    if node.op != "Range" or _constant(node.inputs[0]) != 0 or _constant(node.inputs[2]) != 1:
        return None
    return node.inputs[1]


def is_every_element(indices: Value, flow: Value) -> bool:
    """Whether indices are those of all elements of an array, by its own size at that point of its flow."""
    count = range_end(indices)
    return count is not None and count.node.op in _SIZES and count.node.inputs[-1] is flow


def same_count(first: Value, second: Value) -> bool:
    """Whether two counts are the same: one value, one constant, or both the rows of one tensor."""
    if _origin(first) is _origin(second):
        return True
    known = _known(first)
    if known is not None:
        return known == _known(second)
    counted = _counted(first)
    return counted is not None and counted is _counted(second)


def counts_rows(count: Value, rows: Value, shapes: RecordedShapes) -> bool:
    """Whether a count is the number of rows of a tensor."""
    shape = shapes[rows]
    if shape and shape[0] is not None and _known(count) == shape[0]:
        return True
    return _counted(count) is _origin(rows)


def count_of(count: Value, shapes: RecordedShapes, unknown: int) -> int:
    """Returns a count that is known before the graph runs, else `unknown`."""
    known = _known(count)
    counted = _counted(count)
    if known is None and counted is not None:
        shape = shapes[counted]
        known = shape[0] if shape else None
    return unknown if known is None else known


def iteration_limit(
    condition: Value, edges: Mapping[Value, Value], variables: Mapping[Value, tuple[Value, Value]]
) -> Value | None:
    """Returns how often a loop runs at most, a constant in it or a value outside; None where that is unknown.

    That is the n of `i < n`, if this is the condition or must be true for it, and i counts iterations from 0 or more.

    Args:
        condition: whether there is another iteration.
        edges: a value at the edge of the loop -> what it stands for: a variable, or a value outside.
        variables: the value of each variable within the loop -> what it begins with, and what it is after an iteration.
    """
    outside = set(edges.values()) - variables.keys()
    pending = deque([condition])
    while pending:
        node = _source(pending.popleft(), edges).node
        if node.op == "LogicalAnd":
            pending.extend(node.inputs)
        elif node.op == "Less":
            counter, limit = (_source(value, edges) for value in node.inputs)
            is_fixed = limit.node.op == "Const" or limit in outside
            if is_fixed and counter in variables and _counts(counter, *variables[counter], edges):
                return limit
    return None


def _counts(counter: Value, initial: Value, following: Value, edges: Mapping[Value, Value]) -> bool:
    """Whether a variable is at least 0 and then goes up by one."""
    first, step = _constant(initial), _source(following, edges).node
    if first is None or first < 0 or step.op not in _ADDITIONS:
        return False
    terms = [_source(value, edges) for value in step.inputs]
    return any(term == counter and _constant(other) == 1 for term, other in (terms, reversed(terms)))


def _source(value: Value, edges: Mapping[Value, Value]) -> Value:
    """Returns what a value in a loop is a copy of, at most as far as its edge."""
    while value not in edges and value.node.op == "Identity":
        value = value.node.inputs[0]
    return edges.get(value, value)


def _origin(value: Value) -> Value:
    """Returns what a value is a copy of, outside of loops that it enters as an invariant."""
    while value.node.op == "Identity" or (value.node.op == "Enter" and value.node.attr.bool("is_constant")):
        value = value.node.inputs[0]
    return value


def _known(count: Value) -> int | None:
    """Returns a count that is a constant, or the first of some constant sizes."""
    value = _constant(count)
    if value is None:
        sizes = _first_of(_origin(count))
        array = None if sizes is None else _array(_origin(sizes))
        return int(array[0]) if array is not None and array.ndim == 1 and len(array) else None
    return value


def _counted(count: Value) -> Value | None:
    """Returns the tensor whose rows are counted: x of shape(x)[0]."""
    sizes = _first_of(_origin(count))
    shape = None if sizes is None else _origin(sizes).node
    return _origin(shape.inputs[0]) if shape is not None and shape.op == "Shape" else None


def _first_of(value: Value) -> Value | None:
    """Returns the vector whose first element is picked."""
    node = value.node
    if node.op == "StridedSlice" and node.attr.int("shrink_axis_mask") == 1 and not node.attr.int("begin_mask"):
        return node.inputs[0] if _is_vector_of(node.inputs[1], 0) else None
    if node.op in _PICKS:
        return node.inputs[0] if _constant(node.inputs[1]) == 0 else None
    return None


def _is_vector_of(value: Value, element: int) -> bool:
    array = _array(_origin(value))
    return array is not None and array.shape == (1,) and int(array[0]) == element


def _constant(value: Value) -> int | None:
    array = _array(_origin(value))
    return int(array) if array is not None and array.shape == () and array.dtype.kind in "iu" else None


def _array(value: Value) -> np.ndarray | None:
    tensor = value.node.attr.tensor("value") if value.node.op == "Const" else None
    # A big one is no count.
    return None if tensor is None or tensor.ByteSize() > 256 else to_array(tensor)
