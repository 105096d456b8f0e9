"""What is recorded in a graph of its values: constants, and shapes without running any shape function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from compat_saver.analysis.walk import origin
from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.graph.ir import Graph, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, FEEDABLE_OPS
from compat_saver.proto.tensors import to_array


def constant_value(value: Value) -> np.ndarray | None:
    """Returns the array of a Const, looked at through Identity nodes; None if it is computed some other way."""
    node = origin(value, ("Identity",)).node
    tensor = node.attr.tensor("value") if node.op == "Const" else None
    return None if tensor is None else to_array(tensor)


_COMPUTED: Mapping[str, Callable[..., np.ndarray]] = {
    "ConcatV2": lambda *arrays: np.concatenate(arrays[:-1], int(arrays[-1])),
    "Pack": lambda *arrays: np.stack(arrays),
    "Fill": lambda sizes, number: np.broadcast_to(number, sizes),  # takes no memory, whatever the sizes
    "Mul": lambda a, b: a * b,
    "Add": lambda a, b: a + b,
    "AddV2": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
}
_DEEPEST = 4
_MOST_INPUTS = 8
"""Sizes and bounds have so few; a hostile graph of more would take for ever."""
_MOST_NUMBERS = 64


def computed_integers(value: Value, deepest: int = _DEEPEST) -> np.ndarray | None:
    """Returns a few integers, such as bounds or sizes, that are constants or computed from constants; else None."""
    node = origin(value, ("Identity",)).node
    found = constant_value(node.output())
    if node.op in _COMPUTED and deepest and len(node.inputs) <= _MOST_INPUTS + 1:  # one may be an axis
        arrays = [computed_integers(item, deepest - 1) for item in node.inputs]
        try:
            found = None if any(item is None for item in arrays) else _COMPUTED[node.op](*arrays)
        except (ValueError, TypeError):  # of shapes that do not fit: a damaged graph
            return None
    return found if found is not None and found.dtype.kind == "i" and found.size <= _MOST_NUMBERS else None


# ---- shapes as they are recorded


# Before this GraphDef version a Placeholder or Variable of unknown shape was written as a scalar.
_SCALAR_MEANT_UNKNOWN_BEFORE = 24


def static_shape(graph: Graph, value: Value) -> Shape:
    """Returns the static shape of a value; None, an unknown rank, where the file does not tell."""
    recorded = value.node.attrs.get("_output_shapes")
    if recorded is not None and value.index < len(recorded.list.shape):
        return shape_from_message(recorded.list.shape[value.index])
    if value.node.op in FEEDABLE_OPS:
        shape = value.node.attr.shape("shape")
        if shape == () and value.node.op == "Placeholder" and graph.producer < _SCALAR_MEANT_UNKNOWN_BEFORE:
            return None
        return shape
    if value.node.op == "Const":
        tensor = value.node.attr.tensor("value")
        return shape_from_message(tensor.tensor_shape) if tensor is not None else None
    return None


# ---- shapes of weights, wherever they are stored


_READS = ("Identity", "ReadVariableOp", "Enter", "StopGradient")
_PARTS = {"ConcatV2": slice(-1), "Concat": slice(1, None)}


def stored_shape(value: Value) -> Shape:
    """Returns the shape of a variable, a constant, or of such parts in one; None for all else."""
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
    """Returns the shape of a part: of a variable, or of constant rows that are put before or behind one."""
    node = origin(value, _READS).node
    if node.op == "Fill":
        sizes = constant_value(node.inputs[0])
        shape = None if sizes is None else tuple(sizes.tolist())
    else:
        shape = stored_shape(value) if node.op in (*ANY_VARIABLE_OPS, "Const") else None
    is_weight = node.op in ANY_VARIABLE_OPS or (shape is not None and len(shape) > 1)
    return shape if is_weight else None


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
