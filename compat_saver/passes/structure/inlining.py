"""Puts the bodies of functions in place of their calls: to look at a graph as one, or to take lookup tables out."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from compat_saver.errors import counted
from compat_saver.graph.attributes import int_attr, type_attr
from compat_saver.graph.functions import FUNCTION_EDGES, called_by, callers_of, direct_calls, function_bodies
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import TABLE_FILLING_OPS, TABLE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_ARG, _RETVAL = FUNCTION_EDGES
_BODIES = {
    **dict.fromkeys(("While", "StatelessWhile"), (("body",), 0)),
    **dict.fromkeys(("If", "StatelessIf"), (("then_branch", "else_branch"), 1)),
    **dict.fromkeys(("Case", "StatelessCase"), (("branches",), 1)),
}
"""Op -> the attributes that name what it runs, and its first input that is an argument of it."""
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
        count = inline_calls(graph, self._catalog, _makes_table)
        return Rewrite(self.name, count, counted(count, "call") if count else "")


def _makes_table(body: Graph) -> bool:
    return any(node.op in (*TABLE_OPS, *TABLE_FILLING_OPS) for node in body)


def inline_calls(graph: Graph, catalog: OpCatalog, is_wanted: Callable[[Graph], bool]) -> int:
    """Puts the bodies of functions in place of their calls; returns how many calls there were.

    Nothing is changed where calls do not end, or would add more nodes than a graph of some kilobytes should.

    Args:
        graph: the graph.
        catalog: the op definitions that hold for it.
        is_wanted: which functions, by their bodies; those that call one of these in turn are inlined with it.
    """
    return _inline_all(graph, catalog, is_wanted, _CALLS)


def inline_to_look_at(graph: Graph, catalog: OpCatalog) -> None:
    """Puts the bodies of all functions in place of what runs them, so that uses of a value can be followed.

    What comes out is not to be run: of a functional loop there is one iteration, of a conditional all branches, one
    after the other.
    """
    _inline_all(graph, catalog, lambda _: True, (*_CALLS, *_BODIES))


def _inline_all(graph: Graph, catalog: OpCatalog, is_wanted: Callable[[Graph], bool], ops: Collection[str]) -> int:
    bodies = dict(function_bodies(graph, catalog))
    calls = direct_calls(graph)
    wanted = callers_of(calls, {name for name, body in bodies.items() if is_wanted(body)}) & bodies.keys()
    nested = {name: [other for other in calls[name] if other in wanted] for name in wanted}
    if not _can_be_inlined(graph, bodies, nested):
        return 0
    count = 0
    inlined = {name: bodies[name] for name in wanted}
    while found := [(node, run) for node in graph if node.op in ops and (run := _bodies_of(graph, node, inlined))]:
        count += len(found)
        for node, run in found:
            _inline(graph, node, run)
    return count


def _bodies_of(graph: Graph, node: Node, bodies: Mapping[str, Graph]) -> list[Graph]:
    """Returns what a node runs; nothing where one of these is not to be inlined, or does not fit the node."""
    names = _callees(graph, node)
    if not names or not bodies.keys() >= set(names):
        return []
    edges = {tuple(sum(item.op == op for item in bodies[name]) for op in FUNCTION_EDGES) for name in names}
    fits = len(edges) == 1 and next(iter(edges))[0] == len(_arguments(node))
    return [bodies[name] for name in names] if fits else []


def _arguments(node: Node) -> Sequence[Value]:
    _, first = _BODIES.get(node.op, ((), 0))
    return node.inputs[first:]


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
    called = (name for node in graph if node.op in (*_CALLS, *_BODIES) for name in _callees(graph, node))
    return sum(sizes.get(name, 0) for name in called) <= _MOST_NODES


def _callees(graph: Graph, node: Node) -> list[str]:
    """Returns the functions that a node runs; of a loop its body."""
    names, _ = _BODIES.get(node.op, (("f",), 0))
    return list(called_by(graph, node.op, [node.attrs[name] for name in names if name in node.attrs]))


def _inline(graph: Graph, call: Node, bodies: Iterable[Graph]) -> None:
    """Replaces one call; a node of its name stays, for a signature may name it and others wait for it."""
    branches, added = [], []
    for body in bodies:
        results, made = _copy_in(graph, call, body)
        branches.append(results)
        added += made
    _become_identity(call, [_merged(graph, call, values) for values in zip(*branches, strict=True)], added)


def _copy_in(graph: Graph, call: Node, body: Graph) -> tuple[list[Value], list[Node]]:
    """Adds the nodes of a body for a call; returns its results, and the nodes."""
    arguments, made = _arguments(call), {}
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
    return [results[index] for index in sorted(results)], list(made.values())


def _merged(graph: Graph, call: Node, values: Sequence[Value]) -> Value:
    """Returns the result of one branch or the other."""
    if len(values) == 1:
        return values[0]
    name = graph.unique_name(f"{call.name}/merge")
    return graph.add("Merge", name, values, {"N": int_attr(len(values))}).output()


def _become_identity(call: Node, results: Sequence[Value], made: Iterable[Node]) -> None:
    """Makes what is left of a call pass its results on when all of its ops have run."""
    for index, result in enumerate(results):
        call.output(index).replace_uses(result)
    types = call.attrs["Tout" if "Tout" in call.attrs else "T"]
    call.set_inputs(results)
    if len(results) == 1:
        call.op, call.attrs = "Identity", {"T": type_attr(types.list.type[0])}
    else:
        call.op, call.attrs = ("IdentityN", {"T": types}) if results else ("NoOp", {})
    for node in made:
        call.add_control_input(node)
