"""Takes lookup tables out of the functions that make and fill them."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping, Sequence

from compat_saver.errors import counted
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.functions import FUNCTION_EDGES, called_by, callers_of, direct_calls, function_bodies
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import TABLE_FILLING_OPS, TABLE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_ARG, _RETVAL = FUNCTION_EDGES
_MOST_NODES = 200_000


class InlineTableFunctions(Pass):
    """Puts the bodies of functions that make or fill a lookup table in place of their calls.

    TensorFlow 2 makes and fills the tables of a SavedModel in functions. A TF1 graph that uses such a model, as a layer
    or as a Hub module, calls these functions once; afterwards the tables are like those that the graph makes itself.
    Functions that only look something up stay.

    Args:
        catalog: the op definitions that hold for the graph.
    """

    name = "inline_table_functions"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog

    def apply(self, graph: Graph) -> Rewrite:
        """Replaces the calls, and those within them that make or fill a table."""
        bodies = dict(function_bodies(graph, self._catalog))
        own = {
            name for name, body in bodies.items() if any(node.op in (*TABLE_OPS, *TABLE_FILLING_OPS) for node in body)
        }
        calls = direct_calls(graph)
        wanted = callers_of(calls, own) & bodies.keys()
        inlined: list[str] = []
        nested = {name: [other for other in calls[name] if other in wanted] for name in wanted}
        if not _can_be_inlined(graph, bodies, nested):
            return Rewrite(self.name, 0, "")
        while found := [node for node in graph if node.op in _CALLS and _callee(graph, node) in wanted]:
            for node in found:
                inlined.append(node.name)
                _inline(graph, node, bodies[_callee(graph, node)])
        return Rewrite(self.name, len(inlined), counted(len(inlined), "call"))


def _can_be_inlined(graph: Graph, bodies: Mapping[str, Graph], calls: Mapping[str, Sequence[str]]) -> bool:
    """Whether the calls end, and add no more nodes than a graph of some kilobytes should: obstacles to a migration.

    Args:
        graph: the graph.
        bodies: those of its functions.
        calls: function to inline -> the functions to inline that it calls.
    """
    sizes: dict[str, int] = {}
    try:
        for name in graphlib.TopologicalSorter(calls).static_order():
            sizes[name] = len(bodies[name]) + sum(sizes[other] for other in calls[name])
    except graphlib.CycleError:
        return False
    return sum(sizes.get(_callee(graph, node), 0) for node in graph if node.op in _CALLS) <= _MOST_NODES


def _callee(graph: Graph, node: Node) -> str:
    return next(called_by(graph, node.op, node.attrs.values()), "")


def _inline(graph: Graph, call: Node, body: Graph) -> None:
    """Replaces one call; a node of its name stays, for a signature may name it and others wait for it."""
    arguments, made = call.inputs, {}
    for node in body:
        if node.op not in FUNCTION_EDGES:
            name = graph.unique_name(f"{call.name}/{node.name}")
            made[node] = graph.add(node.op, name, attrs=node.attrs, device=node.device)

    def outside(value: Value) -> Value:
        is_argument = value.node.op == _ARG
        return arguments[value.node.attr.int("index")] if is_argument else made[value.node].output(value.index)

    for node, twin in made.items():
        twin.set_inputs(map(outside, node.inputs))
        for other in (*(made[item] for item in node.control_inputs if item in made), *call.control_inputs):
            twin.add_control_input(other)
    results = {node.attr.int("index"): outside(node.inputs[0]) for node in body if node.op == _RETVAL}
    _become_identity(call, [results[index] for index in sorted(results)], made.values())


def _become_identity(call: Node, results: Sequence[Value], made: Iterable[Node]) -> None:
    """Makes what is left of a call pass its results on when all of its ops have run."""
    for index, result in enumerate(results):
        call.output(index).replace_uses(result)
    types = call.attrs["Tout"]
    call.set_inputs(results)
    if len(results) == 1:
        call.op, call.attrs = "Identity", {"T": type_attr(types.list.type[0])}
    else:
        call.op, call.attrs = ("IdentityN", {"T": types}) if results else ("NoOp", {})
    for node in made:
        call.add_control_input(node)
