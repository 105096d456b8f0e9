"""Gives the variables that no checkpoint filled the values with which the graph begins.

In the order in which they need each other, and never one that has its value already. An initialiser that waits for
input, for a queue or a placeholder, is not run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.initializers import Initializer, filling_order, first_assignments, initializers
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.graph import Graph, Node
from compat_saver.legacy_session import run_ops
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.saver.restore.report import Uninitialised


class Remaining:
    """The variables of a graph, and how each begins.

    Args:
        meta: the meta graph, as it was imported.
        graph: its graph.

    Attributes:
        variables: name -> node.
        first: variable -> the assignment of its first value.
    """

    def __init__(self, meta: MetaGraph, graph: Graph) -> None:
        self.variables = {node.name: node for node in variable_nodes(graph)}
        written = {record.name: record.initializer for record in meta.variables()}
        self.first = first_assignments(graph, self.variables, written)
        self._graph, self._written = graph, written

    def initialise(self, session: Any, filled: Collection[str]) -> tuple[tuple[str, ...], tuple[Uninitialised, ...]]:
        """Runs the initialisers of all variables but some.

        Args:
            session: the tf.compat.v1.Session.
            filled: the variables that have their values.

        Returns:
            The variables that were initialised, and those that have no value.
        """
        there = {_identity(self.variables[name]) for name in filled if name in self.variables}
        left = [name for name, node in self.variables.items() if _identity(node) not in there]
        begin = initializers(self._graph, left, self._written, self.variables)
        failed = {name: "nothing in the graph initialises it" for name in left if name not in begin}
        failed |= {name: f"its initialiser needs {item.obstacle}" for name, item in begin.items() if item.obstacle}
        ready = {name: item for name, item in begin.items() if name not in failed}
        for group in _groups(ready):
            failed |= self._run(session, group)
        done = tuple(name for name in left if name not in failed)
        return done, tuple(Uninitialised(name, failed[name]) for name in left if name in failed)

    def _run(self, session: Any, names: Sequence[str]) -> dict[str, str]:
        """Runs some initialisers at once, or if that fails one by one; returns which failed and why."""
        try:
            run_ops(session, [self.first[name].name for name in names], {})
        except _tensorflow.tf_errors() as error:
            if len(names) == 1:
                return {names[0]: _tensorflow.first_line(error)}
            return {name: reason for one in names for name, reason in self._run(session, [one]).items()}
        return {}


def _identity(node: Node) -> tuple[bytes, str]:
    """What variable nodes that are one variable have in common."""
    return node.attr.bytes("container"), node.attr.text("shared_name") or node.name


def _groups(ready: Mapping[str, Initializer]) -> list[list[str]]:
    """Returns the variables in groups, each after those it needs; where some need each other, one by one."""
    needs = {name: frozenset((item.variables & ready.keys()) - {name}) for name, item in ready.items()}
    groups = filling_order(needs)
    return [[name] for name in sorted(needs, key=lambda name: len(needs[name]))] if groups is None else groups
