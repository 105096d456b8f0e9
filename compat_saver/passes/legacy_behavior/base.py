"""What the passes have in common that restore what an op computed in the releases of its graph's day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.replacements.op_replacement import Successor


class Restoration(Successor):
    """A Successor for graphs that are old enough: only there the op meant something else.

    A graph that does not say which release wrote it is left as it is.
    """

    until: ClassVar[Mapping[str, int]]
    """The first GraphDef version, by op, whose releases compute what today's does."""

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph."""
        return super().takes(graph, node) and 0 < graph.producer < self.until[node.op]
