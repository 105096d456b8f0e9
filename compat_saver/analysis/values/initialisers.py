"""What a variable begins with that no checkpoint holds: the value that the graph's own initialiser gives it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from compat_saver.analysis.constants import constant_value
from compat_saver.analysis.needs import needed_from
from compat_saver.analysis.ops.lost_ops import runs_in_a_session
from compat_saver.analysis.ops.subsystems import subsystem
from compat_saver.analysis.origins import origin
from compat_saver.analysis.static_shapes import static_shape
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ASSIGN_OPS, PLACEHOLDER_OPS, RANDOM_OP, RESTORE_OPS


@dataclass(frozen=True)
class Initialiser:
    """What one variable begins with.

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


def initialisers(
    graph: Graph, names: Iterable[str], written: Mapping[str, str], variables: Collection[str]
) -> dict[str, Initialiser]:
    """Returns variable -> what it begins with; those that nothing initialises are left out.

    Args:
        graph: the whole graph.
        names: the variables to look for.
        written: variable -> its initialiser op, where the file tells; others begin with their first assignment that
            restores nothing.
        variables: all variables of the graph.
    """
    found = first_assignments(graph, names, written)
    return {name: _initialiser(graph, node.inputs[1], variables) for name, node in found.items()}


def first_assignments(graph: Graph, names: Iterable[str], written: Mapping[str, str]) -> dict[str, Node]:
    """Returns variable -> the assignment that gives it its first value; those without one are left out.

    Args:
        graph: the whole graph.
        names: the variables to look for.
        written: as for `initialisers`.
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


def _initialiser(graph: Graph, value: Value, variables: Collection[str]) -> Initialiser:
    constant = constant_value(value)
    needed = needed_from([value])
    return Initialiser(
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
