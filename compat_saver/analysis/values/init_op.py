"""The op that TensorFlow's loader runs when it has restored a SavedModel: often the tables', but it may do anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from compat_saver.graph import Graph, Node
from compat_saver.graph.functions import called_by
from compat_saver.graph.op_sets import ASSIGN_OPS

_CHANGES = ("Assign", "Scatter")


@dataclass(frozen=True)
class InitOp:
    """An op to be run once, after the variables are restored.

    Attributes:
        name: of the op.
        needed: all that runs with it, itself too.
        callers: those of them that call functions.
    """

    name: str
    needed: frozenset[Node] = field(repr=False)
    callers: frozenset[Node] = field(repr=False)

    @classmethod
    def of(cls, node: Node, graph: Graph) -> InitOp:
        """Returns what a node of a graph is as an init op."""
        needed = graph.ancestors([node])
        callers = {item for item in needed if any(called_by(graph, item.op, item.attrs.values()))}
        return cls(node.name, frozenset(needed), frozenset(callers))

    def assigned(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it gives a value, whatever they had before."""
        assigned = (node.inputs[0].node.name for node in self.needed if node.op in ASSIGN_OPS and node.inputs)
        return [name for name in assigned if name in variables]

    def may_change(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it might change, also through a cond or within a function; too many, if any."""
        writers = [node for node in self.needed if any(word in node.op for word in _CHANGES)]
        reached = {value.node for node in writers for value in node.inputs[:1]}
        reached |= {value.node for node in self.callers for value in node.inputs}
        return sorted(name for name in _sources(reached) if name in variables)

    def needs(self, op: str) -> bool:
        """Whether it runs an op."""
        return any(node.name == op for node in self.needed)


def _sources(nodes: Iterable[Node]) -> set[str]:
    """Returns the names of nodes and of all whose values they are made of."""
    found = set(nodes)
    pending = list(found)
    while pending:
        for value in pending.pop().inputs:
            if value.node not in found:
                found.add(value.node)
                pending.append(value.node)
    return {node.name for node in found}
