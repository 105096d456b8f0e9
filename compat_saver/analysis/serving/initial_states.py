"""Finds inputs that are the initial state of a loop, as of an RNN."""

from __future__ import annotations

from compat_saver import dtypes
from compat_saver.analysis.known_values import static_shape
from compat_saver.analysis.walk import origin
from compat_saver.graph.ir import Graph, Value
from compat_saver.graph.op_sets import FEEDABLE_OPS

# An LSTM's state is often one input, cut into c and h, layer by layer.
_PIECES = ("Identity", "Reshape", "Squeeze", "StridedSlice", "Slice", "Unpack", "Unstack", "Cast")


def initial_states(graph: Graph) -> set[Value]:
    """Returns the placeholders, with a default or without, whose numbers enter a loop to be changed in it."""
    entered = (node.inputs[0] for node in graph if node.op == "Enter" and node.inputs and _is_changed(node.output()))
    sources = {origin(value, _PIECES) for value in entered}
    return {value for value in sources if _is_state(graph, value)}


def last_states(graph: Graph, state: Value) -> list[Value]:
    """Returns what a loop makes of an initial state by its last step; of an LSTM's, for each piece of it."""
    entered = (
        node for node in graph if node.op == "Enter" and node.inputs and origin(node.inputs[0], _PIECES) == state
    )
    merges = [use.node for node in entered for use in node.output().uses if use.node.op == "Merge"]
    switches = [use.node for node in merges for use in node.output().uses if use.node.op == "Switch"]
    return [use.node.output() for node in switches for use in node.output().uses if use.node.op == "Exit"]


def _is_changed(entered: Value) -> bool:
    return any(use.node.op == "Merge" for use in entered.uses)


def _is_state(graph: Graph, value: Value) -> bool:
    node = value.node
    if node.op not in FEEDABLE_OPS:
        return False
    shape = static_shape(graph, value)
    return dtypes.name_of(node.attr.type("dtype")).startswith("float") and (shape is None or len(shape) > 1)
