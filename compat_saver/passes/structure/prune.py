"""Keeps what some nodes need and takes the rest out: the training part, the savers, the summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite


class Prune(Pass):
    """Removes every node that no root needs, over data or control edges, and every function that nothing calls.

    A control edge is kept as if it were data: a session would have run what it leads to before the answer.

    Args:
        roots: the names of the nodes to keep.
    """

    name = "prune"

    def __init__(self, roots: Iterable[str]) -> None:
        self._roots = tuple(roots)

    def apply(self, graph: Graph) -> Rewrite:
        """Removes what no root needs."""
        kept = graph.ancestors(graph[name] for name in self._roots)
        count = graph.remove_all(node for node in graph if node not in kept)
        functions = _prune_functions(graph)
        return Rewrite(self.name, count, f"{count:,} nodes and {functions:,} functions that no signature needs")

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Every root is still there."""
        yield from (f"{name} is gone" for name in self._roots if name not in graph)


def called_functions(graph: Graph, nodes: Iterable[Node]) -> set[str]:
    """Returns the library functions that some nodes call, and those that they call in turn, gradients too."""
    called: set[str] = set()
    pending = [name for node in nodes for name in called_by(graph, node.op, node.attrs.values())]
    while pending:
        name = pending.pop()
        if name in called:
            continue
        called.add(name)
        for node in graph.functions[name].node_def:
            pending += called_by(graph, node.op, node.attr.values())
        if graph.gradients.get(name) in graph.functions:
            pending.append(graph.gradients[name])
    return called


def _prune_functions(graph: Graph) -> int:
    """Removes the functions that no kept node reaches; returns how many."""
    called = called_functions(graph, graph)
    dropped = graph.functions.keys() - called
    graph.functions = {name: body for name, body in graph.functions.items() if name in called}
    graph.gradients = {name: gradient for name, gradient in graph.gradients.items() if name in called}
    return len(dropped)


def called_by(graph: Graph, op: str, attrs: Iterable[object]) -> Iterator[str]:
    """Yields the names of library functions that a node calls: as its op or through an attribute."""
    if not graph.functions:
        return
    if op in graph.functions:
        yield op
    for attr in attrs:
        names = [item.name for item in attr.list.func] if attr.HasField("list") else [attr.func.name]  # type: ignore[attr-defined]
        yield from (name for name in names if name in graph.functions)
