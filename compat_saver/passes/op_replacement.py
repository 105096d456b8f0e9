"""Base classes of the passes that replace one op by another, or by several."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from compat_saver.errors import GraphError
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build

EXACT = "exactly equal"
_CATALOG = OpCatalog()


class OpReplacement(Pass):
    """Finds the nodes of some ops and has each of them rewritten.

    Args:
        keeps_tensors: whether the outputs of what it rewrites must keep their names.
    """

    def __init__(self, *, keeps_tensors: bool = False) -> None:
        self._keeps_tensors = keeps_tensors

    ops: ClassVar[Mapping[str, str]]
    """The ops it rewrites, each with the ops that replace it, as a phrase for the report."""

    agreement: ClassVar[str] = EXACT
    """How close the outputs are to those of the release that had the op."""

    lacking: ClassVar[tuple[int, ...]] = (0,)
    """How many inputs its ops may lack that their newest definition has: more than none for old signatures."""

    def applies_to(self, node: Node) -> bool:
        """Whether it can rewrite a whole node of its ops; a pass that cannot rewrite all of them overrides this."""
        del node
        return True

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph; a damaged node, without all its inputs, is left unchanged."""
        del graph
        return node.op in self.ops and _lacks(node) in self.lacking and self.applies_to(node)

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every node it applies to."""
        done: Counter[str] = Counter()
        for node in graph:
            if node.op in self.ops and self.takes(graph, node):
                done[f"{node.op} -> {self.ops[node.op]}"] += 1
                self.rewrite(node, Build(graph, node, keeps_tensors=self._keeps_tensors))
        return Rewrite(self.name, done.total(), ", ".join(f"{count:,} {what}" for what, count in done.items()))

    @abc.abstractmethod
    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node, with `build` to add the nodes that replace it."""


def _lacks(node: Node) -> int | None:
    """Returns how many inputs of its op's newest definition a node lacks; None if that cannot be counted."""
    try:
        return _CATALOG.input_count(node) - len(node.inputs)
    except GraphError:
        return None


class LegacyBehavior(OpReplacement):
    """A replacement for graphs that are old enough: only in these the op computed something else than today.

    A graph that does not record the release that wrote it is left as it is.
    """

    until: ClassVar[Mapping[str, int]]
    """The first GraphDef version, by op, whose releases compute what the current one does."""

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph."""
        return super().takes(graph, node) and 0 < graph.producer < self.until[node.op]
