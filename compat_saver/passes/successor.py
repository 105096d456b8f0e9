"""What the passes have in common that put another op, or several, in the place of one."""

from __future__ import annotations

import abc
from typing import ClassVar

from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build


class Successor(Pass):
    """Finds the nodes of some ops and has each of them rewritten."""

    ops: ClassVar[tuple[str, ...]]
    """The ops it rewrites."""

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every node of these ops."""
        found = [node for node in graph if node.op in self.ops]
        for node in found:
            self.rewrite(node, Build(graph, node))
        return Rewrite(self.name, len(found), f"{len(found):,} ops")

    @abc.abstractmethod
    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node, with `build` to add others in its place."""
