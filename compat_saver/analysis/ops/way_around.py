"""Finds the tensors that a signature could take as inputs so that it needs no unsupported op."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.analysis.walk import nodes_in_loops
from compat_saver.errors import GraphError
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.graph.ops import OpCatalog

_NOT_FED = ("resource", "variant")
"""Types whose values only TensorFlow itself can make."""


class WayAround(NamedTuple):
    """Where a signature could start instead.

    Attributes:
        tensors: the outputs of unsupported nodes that others read and that can be fed.
        inputs: these and all else that the signature would then have to take; empty if this way leads nowhere.
    """

    tensors: tuple[Value, ...] = ()
    inputs: tuple[Value, ...] = ()


def way_around(
    graph: Graph, catalog: OpCatalog, outputs: Collection[Value], inputs: Collection[Value], blocked: Collection[Node]
) -> WayAround:
    """Walks back from the outputs until it meets an unsupported node.

    Args:
        graph: the whole graph.
        catalog: the definitions that hold for it.
        outputs: the requested outputs; without any, every node is a start.
        inputs: what is given.
        blocked: the unsupported nodes.
    """
    if not blocked:
        return WayAround()
    met: dict[Value, None] = {}
    given: dict[Value, None] = {}
    starts = [value.node for value in outputs if value not in inputs]
    is_open = bool(starts) and not any(node in blocked for node in starts)
    pending = deque(node for node in (starts or graph) if node not in blocked)
    seen = set(pending)
    while pending:
        node = pending.popleft()
        if node.op in PLACEHOLDER_OPS:
            given[node.output()] = None
        given |= dict.fromkeys(value for value in node.inputs if value in inputs)
        met |= dict.fromkeys(value for value in node.inputs if value.node in blocked and value not in inputs)
        is_open = is_open and not any(other in blocked for other in node.control_inputs)
        before = [value.node for value in node.inputs if value not in inputs]
        for other in (*before, *node.control_inputs):
            if other not in seen and other not in blocked:
                seen.add(other)
                pending.append(other)
    inside = nodes_in_loops(graph)
    fed = tuple(value for value in met if value.node not in inside and _can_be_fed(value, catalog))
    return WayAround(fed, (*fed, *given) if is_open and len(fed) == len(met) else ())


def _can_be_fed(value: Value, catalog: OpCatalog) -> bool:
    try:
        number = catalog.type_of(value)
    except GraphError:  # its type is unknown
        return False
    return not dtypes.is_ref(number) and dtypes.name_of(number) not in _NOT_FED
