"""The shapes of what is stored: of variables and constants, whole or joined from parts."""

from __future__ import annotations

from compat_saver.analysis.origins import origin
from compat_saver.graph import Value
from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS

_READS = ("Identity", "ReadVariableOp", "Enter", "StopGradient")
_PARTS = {"ConcatV2": slice(-1), "Concat": slice(1, None)}


def stored_shape(value: Value) -> Shape:
    """Returns the shape of a variable, a constant, or a partitioned variable's parts in one; None for all else."""
    node = origin(value, _READS).node
    if node.op in ANY_VARIABLE_OPS:
        return node.attr.shape("shape")
    if node.op == "Const":
        tensor = node.attr.tensor("value")
        return shape_from_message(tensor.tensor_shape) if tensor is not None else None
    if node.op in _PARTS:
        return _joined([_part(item) for item in node.inputs[_PARTS[node.op]]])
    return None


def _part(value: Value) -> Shape:
    node = origin(value, _READS).node
    return stored_shape(value) if node.op in ANY_VARIABLE_OPS else None


def _joined(parts: list[Shape]) -> Shape:
    """Returns the shape of parts in one; they differ along the axis at which they were cut, the first if nowhere."""
    known = [part for part in parts if part is not None and None not in part]
    if not known or len(known) < len(parts) or len({len(part) for part in known}) > 1:
        return None
    axis = next((place for place, sizes in enumerate(zip(*known, strict=True)) if len(set(sizes)) > 1), 0)
    joined = list(known[0])
    if not joined:
        return None
    joined[axis] = sum(part[axis] or 0 for part in known)
    return tuple(joined)
