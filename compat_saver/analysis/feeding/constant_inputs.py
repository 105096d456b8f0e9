"""Constants that hold the data a network was built on: what an `input_fn` returned that gave constants."""

from __future__ import annotations

from collections.abc import Iterable

from compat_saver.analysis.feeding.flow import arrivals
from compat_saver.analysis.known_values import stored_shape
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.graph import Use, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS

_DATA_PLACES = {
    **dict.fromkeys(("MatMul", "Conv2D", "Conv3D", "DepthwiseConv2dNative"), (0, 1)),
    **dict.fromkeys(("Gather", "GatherV2", "ResourceGather"), (1, 0)),
}
"""Op -> where it reads data, and where the weights."""


def constant_data(outputs: Iterable[Value]) -> list[Value]:
    """Returns the constants that meet a variable where a network reads its data, and that some outputs depend on."""
    constants = sorted((node for node in needed_from(outputs) if node.op == "Const"), key=lambda node: node.name)
    return [node.output() for node in constants if _is_data(node.output())]


def _is_data(value: Value) -> bool:
    is_batch = len(stored_shape(value) or ()) > 1
    return is_batch and any(_is_read_as_data(place.use) for place in arrivals(value))


def _is_read_as_data(use: Use) -> bool:
    data, weights = _DATA_PLACES.get(use.node.op, (-1, -1))
    if use.position != data:
        return False
    return origin(use.node.inputs[weights], ("Identity", "ReadVariableOp")).node.op in ANY_VARIABLE_OPS
