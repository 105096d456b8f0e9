"""What became of every node of a graph, in the compact form that a picture of the graph is drawn from.

The triage sorts the ops of the folded graph; here each node of the graph as it was read gets a fate: that of its row,
or what was done to it alone, such as an input that was bound. Nodes are numbered, edges are numbers, and equal fates
are one object, so that a report of 50,000 nodes stays small and can be sent to another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compat_saver.analysis.ops.triage import DROPPED, FINE, REWRITTEN, OpRow
from compat_saver.graph import Graph, Node, OpCatalog
from compat_saver.graph.functions import function_bodies

CHANGED, NEW = "changed", "new"
"""The verdicts on nodes of the migrated graph that are not fine: another op of the same name; a new name."""


class Fate(NamedTuple):
    """What became of a node.

    Attributes:
        verdict: one of the triage's VERDICTS; of a node in the migrated graph FINE, CHANGED or NEW.
        why: how, or why, a phrase; "" if there is nothing to say.
    """

    verdict: str
    why: str = ""


@dataclass(frozen=True)
class DrawnGraph:
    """A graph as columns, an entry for each node; the nodes of function bodies are named "function()/node".

    Attributes:
        names: the names of the nodes.
        ops: their ops.
        inputs: the numbers of the nodes whose outputs they read, in order.
        waits: the numbers of the nodes that must run before them.
        fates: what became of each.
    """

    names: tuple[str, ...]
    ops: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    waits: tuple[tuple[int, ...], ...]
    fates: tuple[Fate, ...]


@dataclass(frozen=True)
class GraphChange:
    """The original graph and the migrated one.

    Attributes:
        before: the graph as it was read, with what became of each node.
        after: the migrated graph, with where each node came from; None where nothing was migrated.
    """

    before: DrawnGraph
    after: DrawnGraph | None = None


def graph_change(
    graph: Graph,
    catalog: OpCatalog,
    by_node: Mapping[str, OpRow],
    known: Mapping[str, Fate],
    migrated: Graph | None = None,
    origins: Mapping[str, str] | None = None,
) -> GraphChange:
    """Returns what became of every node.

    Args:
        graph: as it was read.
        catalog: the definitions that hold for it.
        by_node: what the triage found, by node.
        known: node -> its fate, where that is not its op's: an input that was bound, a dropout that was removed.
        migrated: what it became.
        origins: node of that -> what it stands for.
    """
    nodes = list(_all_nodes(graph, catalog))
    if migrated is None:
        return GraphChange(_drawn(nodes, _Fates(by_node, known, None)))
    after = list(_all_nodes(migrated, OpCatalog.of(migrated)))
    new = {name: Fate(NEW, why) for name, why in (origins or {}).items()}
    fates, found = _Fates(by_node, known, _Ops(after)), _Origins(new, _Ops(nodes))
    return GraphChange(_drawn(nodes, fates), _drawn(after, found))


def _all_nodes(graph: Graph, catalog: OpCatalog) -> Iterator[tuple[str, Node]]:
    yield from ((node.name, node) for node in graph)
    if graph.functions:
        for function, body in function_bodies(graph, catalog):
            yield from ((f"{function}()/{node.name}", node) for node in body)


class _Ops:
    """The ops of nodes by name, with or without the function they are in: a rewrite may move a node into one."""

    def __init__(self, nodes: Iterable[tuple[str, Node]]) -> None:
        self._found: dict[str, str] = {}
        for name, node in nodes:
            self._found[name] = node.op
            self._found.setdefault(_bare(name), node.op)

    def get(self, name: str) -> str | None:
        return self._found.get(name) or self._found.get(_bare(name))


def _bare(name: str) -> str:
    return name.rpartition("()/")[2]


class _Fates:
    """Finds what became of the nodes of the original graph."""

    def __init__(self, by_node: Mapping[str, OpRow], known: Mapping[str, Fate], after: _Ops | None) -> None:
        self._by_node, self._known, self._after = by_node, known, after

    def of(self, name: str, node: Node) -> Fate:
        if name in self._known:
            return self._known[name]
        row = self._by_node.get(name.replace("()/", "/"))
        if row is None:
            return Fate(DROPPED, "nothing depends on it once the training-mode inputs are bound")
        if row.verdict == FINE:
            return self._kept(name, node)
        why = "; ".join(_reasons(row))
        return Fate(row.verdict, f"{why}. {row.advice}" if row.advice else why)

    def _kept(self, name: str, node: Node) -> Fate:
        """Returns the fate of a node whose op is fine: a pass may have replaced it for other reasons than its op."""
        if self._after is None:
            return Fate(FINE)
        op = self._after.get(name)
        if op is None:
            return Fate(REWRITTEN, "merged into the nodes that replace its neighbors")
        return Fate(FINE) if op == node.op else Fate(REWRITTEN, f"becomes {op}")


def _reasons(row: OpRow) -> Iterator[str]:
    if row.becomes:
        yield f"{row.op} becomes {row.becomes}, outputs {row.agreement}"
    if row.verdict == DROPPED:
        yield "no signature depends on it"
    if row.reason:
        yield row.reason


class _Origins:
    """Finds where the nodes of the migrated graph come from."""

    def __init__(self, new: Mapping[str, Fate], before: _Ops) -> None:
        self._new, self._before = new, before

    def of(self, name: str, node: Node) -> Fate:
        if name in self._new:
            return self._new[name]
        op = self._before.get(name)
        if op is None:
            return Fate(NEW)
        return Fate(FINE) if op == node.op else Fate(CHANGED, f"was {op}")


def _drawn(nodes: Sequence[tuple[str, Node]], fates: _Fates | _Origins) -> DrawnGraph:
    numbers = {node: number for number, (_, node) in enumerate(nodes)}
    once: dict[Fate, Fate] = {}
    found = (fates.of(name, node) for name, node in nodes)
    return DrawnGraph(
        names=tuple(name for name, _ in nodes),
        ops=tuple(node.op for _, node in nodes),
        inputs=tuple(tuple(numbers[value.node] for value in node.inputs) for _, node in nodes),
        waits=tuple(tuple(numbers[other] for other in node.control_inputs) for _, node in nodes),
        fates=tuple(once.setdefault(fate, fate) for fate in found),
    )
