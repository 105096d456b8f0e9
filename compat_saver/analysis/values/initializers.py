"""Initial values: what the graph's own initializers give variables, and the init op of a SavedModel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.ops.unsupported_ops import runs_in_a_session, subsystem
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.graph.attributes import Shape
from compat_saver.graph.functions import called_by
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ASSIGN_OPS, PLACEHOLDER_OPS, RANDOM_OP, RESTORE_OPS


@dataclass(frozen=True)
class Initializer:
    """The initial value of one variable.

    Attributes:
        tensor: the tensor that is assigned to it.
        constant: its value, if the file holds it; None if it has to be computed.
        shape: its static shape.
        variables: the variables that must have their values before it can be computed.
        is_random: whether it is drawn at random.
        obstacle: what keeps it from being computed, a phrase; "" if nothing does.
    """

    tensor: str
    constant: np.ndarray | None
    shape: Shape
    variables: frozenset[str]
    is_random: bool
    obstacle: str


def initializers(
    graph: Graph, names: Iterable[str], written: Mapping[str, str], variables: Collection[str]
) -> dict[str, Initializer]:
    """Returns variable -> its initial value; those that nothing initializes are left out.

    Args:
        graph: the whole graph.
        names: the variables to look for.
        written: variable -> its initializer op, where it is recorded; for others it is the first assignment
            that restores nothing.
        variables: all variables of the graph.
    """
    found = first_assignments(graph, names, written)
    return {name: _initializer(graph, node.inputs[1], variables) for name, node in found.items()}


def first_assignments(graph: Graph, names: Iterable[str], written: Mapping[str, str]) -> dict[str, Node]:
    """Returns variable -> the assignment that gives it its first value; those without one are left out.

    Args:
        graph: the whole graph.
        names: the variables to look for.
        written: as for `initializers`.
    """
    wanted = set(names)
    found: dict[str, Node] = {}
    for node in graph:
        if node.op in ASSIGN_OPS and len(node.inputs) == 2 and node.inputs[0].node.name in wanted:
            name, value = node.inputs[0].node.name, node.inputs[1]
            if node.name == written.get(name):
                found[name] = node
            elif origin(value, ("Identity", "Reshape")).node.op not in RESTORE_OPS:
                found.setdefault(name, node)
    return found


def _initializer(graph: Graph, value: Value, variables: Collection[str]) -> Initializer:
    constant = constant_value(value)
    needed = needed_from([value])
    return Initializer(
        value.name,
        constant,
        static_shape(graph, value) if constant is None else constant.shape,
        frozenset(node.name for node in needed if node.name in variables),
        any(RANDOM_OP.search(node.op) for node in needed),
        next(filter(None, map(_obstacle, sorted(needed, key=lambda node: node.name))), ""),
    )


def _obstacle(node: Node) -> str:
    if node.op in PLACEHOLDER_OPS:
        return f"the placeholder {node.name!r}, which was fed"
    runs = subsystem(node.op) is None and runs_in_a_session(node.op)
    return "" if runs else f"{node.name!r} ({node.op})"


def filling_order(needs: Mapping[str, frozenset[str]]) -> list[list[str]] | None:
    """Returns the variables in groups, each after the groups it needs; None if some need each other.

    Args:
        needs: variable -> the variables it needs, all of them keys as well.
    """
    groups: list[list[str]] = []
    done: set[str] = set()
    while len(done) < len(needs):
        group = [name for name, before in needs.items() if name not in done and before <= done]
        if not group:
            return None
        groups.append(group)
        done.update(group)
    return groups


# ---- the op that TensorFlow's loader runs after it has restored a SavedModel


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
