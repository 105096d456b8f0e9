"""Finds where a batch is cut into pieces for copies of one network: towers, one for each GPU that trained.

One tower takes a whole batch as well as a piece of it. So its piece is the input; with the batch before the cut as
input, only a part of it would have outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.walk import needed_from
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS

_AXIS = {"Split": 0, "SplitV": 2}
"""Op -> which of its inputs is the axis."""
_DATA = {"Split": 1, "SplitV": 0}


def pieces(nodes: Iterable[Node]) -> Iterator[Value]:
    """Yields the pieces of all batches that some nodes cut, where the nodes of more than one piece are used."""
    for node in nodes:
        if node.op in _AXIS and len(node.inputs) > _AXIS[node.op]:
            axis = constant_value(node.inputs[_AXIS[node.op]])
            used = [value for value in node.used_outputs if value.uses]
            if axis is not None and axis.size == 1 and axis.item() == 0 and len(used) > 1:
                yield from used


def pieces_needed(outputs: Collection[Value], inputs: Collection[Value]) -> list[Value]:
    """Returns the pieces that some outputs depend on, each where they depend on none of the others.

    Args:
        outputs: the requested outputs.
        inputs: what is given already.
    """
    needed = needed_from(outputs, inputs)
    found: dict[Node, list[Value]] = {}
    for value in pieces(needed):
        if any(use.node in needed for use in value.uses):
            found.setdefault(value.node, []).append(value)
    return [values[0] for node, values in found.items() if len(values) == 1 and _is_given(node)]


def _is_given(split: Node) -> bool:
    """Whether what is cut is not computed by a model."""
    return not any(node.op in ANY_VARIABLE_OPS for node in needed_from([data_of(split)]))


def data_of(split: Node) -> Value:
    """Returns what a Split cuts."""
    return split.inputs[_DATA[split.op]]
