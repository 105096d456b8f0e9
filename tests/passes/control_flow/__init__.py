"""Control flow in text form: a graph before, and the graph and its functions after."""

from __future__ import annotations

from compat_saver.graph import Graph, OpCatalog, format_graph, parse_graph
from compat_saver.graph.functions import function_body
from compat_saver.graph.text import differences
from compat_saver.passes import run_passes
from compat_saver.passes.control_flow import FunctionalControlFlow, Kept
from compat_saver.passes.structure.removals import Prune

_CATALOG = OpCatalog()


def functional(text: str, *roots: str) -> tuple[Graph, list[Kept]]:
    """Returns a graph with functional control flow, pruned to some roots, and what stayed."""
    graph = parse_graph(text, producer=24)
    functional = FunctionalControlFlow(_CATALOG, stays=roots)
    run_passes([functional, Prune(roots)], graph)
    return graph, functional.kept


def assert_graph(graph: Graph, expected: str) -> None:
    """The graph is that of a text."""
    assert differences(graph, parse_graph(expected)) == []


def body(graph: Graph, name: str) -> Graph:
    """Returns the body of a library function."""
    return function_body(graph.functions[name], _CATALOG)


def assert_body(graph: Graph, name: str, expected: str) -> None:
    """A library function has the body of a text, in which _Arg and _Retval have no attributes."""
    found = body(graph, name)
    for node in found:
        if node.op in ("_Arg", "_Retval"):
            node.attrs = {}
    assert differences(found, parse_graph(expected)) == [], format_graph(found)


def ops(graph: Graph) -> set[str]:
    """Returns the ops of a graph and of all functions in its library."""
    return {node.op for node in graph} | {node.op for name in graph.functions for node in body(graph, name)}
