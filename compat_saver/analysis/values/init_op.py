"""The op that TensorFlow's loader runs when it has restored a SavedModel: often the tables', but it may do anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from compat_saver.analysis.values.initialisers import ASSIGN_OPS
from compat_saver.graph import Graph, Node

_CHANGES = ("Assign", "Scatter")


@dataclass(frozen=True)
class InitOp:
    """An op to be run once, after the variables are restored.

    Attributes:
        name: of the op.
        needed: all that runs with it, itself too.
    """

    name: str
    needed: frozenset[Node] = field(repr=False)

    @classmethod
    def of(cls, node: Node, graph: Graph) -> InitOp:
        """Returns what a node of a graph is as an init op."""
        return cls(node.name, frozenset(graph.ancestors([node]) | {node}))

    def assigned(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it gives a value, whatever they had before."""
        return [name for node, name in self._touched(variables) if node.op in ASSIGN_OPS]

    def changed(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it changes in any way, in order."""
        return sorted({name for node, name in self._touched(variables) if any(word in node.op for word in _CHANGES)})

    def needs(self, op: str) -> bool:
        """Whether it runs an op."""
        return any(node.name == op for node in self.needed)

    def _touched(self, variables: Collection[str]) -> Iterator[tuple[Node, str]]:
        for node in self.needed:
            if node.inputs and node.inputs[0].node.name in variables:
                yield node, node.inputs[0].node.name
