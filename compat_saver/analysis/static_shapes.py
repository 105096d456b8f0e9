"""What a file itself says of the shapes of tensors, without running anybody's shape functions."""

from __future__ import annotations

from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.graph.ir import Graph, Value
from compat_saver.graph.op_sets import FEEDABLE_OPS

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
