"""Gives a restored model the rest of its state: uninitialized variables, the init op of a SavedModel, lookup tables.

Variables are initialized in the order in which they depend on each other, and never one that has its value already. An
initializer that waits for input, for a queue or a placeholder, is not run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.initializers import (
    Initializer,
    InitOp,
    filling_order,
    first_assignments,
    initializers,
)
from compat_saver.analysis.values.tables import LookupTable, file_initializers
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.bundle import Checkpoint
from compat_saver.errors import and_more
from compat_saver.graph import Graph, Node
from compat_saver.legacy_session import run_ops, table_file_feeds
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.whole_graph import Importable
from compat_saver.model.table_content import carried_files, resolve_tables
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.saver.restore.report import Uninitialized

_MOST_SHOWN = 5


@dataclass(frozen=True)
class Initialized:
    """What `initialize` did.

    Attributes:
        initialized: the variables that have the graph's own initial values.
        uninitialized: the variables that have no value.
        notes: what the user should know, a sentence each.
    """

    initialized: tuple[str, ...]
    uninitialized: tuple[Uninitialized, ...]
    notes: tuple[str, ...]


def initialize(
    session: Any,
    model: LegacyModel,
    imported: Importable,
    variables: VariableInitializers,
    tables: TableInitializers,
    restored: Collection[str],
) -> Initialized:
    """Initializes the variables and tables that were not restored.

    The init op of a SavedModel runs after the checkpoint was restored and every variable that it does not assign
    itself was initialized; what it has assigned and filled is not initialized again. So each of these ops runs once.

    Args:
        session: the tf.compat.v1.Session.
        model: the model, as it was opened.
        imported: what of its graph was imported.
        variables: its variables.
        tables: its tables.
        restored: the variables that have their values.
    """
    init_op, notes = _find_init_op(model, imported)
    if init_op is None:
        done, failed = variables.run(session, restored)
        return Initialized(done, failed, (*notes, *tables.run(session, lambda name: False)))
    assigned = init_op.assigned(variables.nodes)
    before, _ = variables.run(session, [*restored, *assigned])
    has_run, note = _run_init_op(init_op, session, tables.feeds, restored)
    there = {*before, *(assigned if has_run else ())}
    after, failed = variables.run(session, [*restored, *there])
    initialized = there.difference(restored).union(after)
    filled = tables.run(session, lambda name: has_run and init_op.needs(name))
    done = tuple(name for name in variables.nodes if name in initialized)
    return Initialized(done, failed, (*filter(None, [note]), *filled))


# ---- variables


class VariableInitializers:
    """The variables of a graph, and how each is initialized.

    Args:
        meta: the meta graph, as it was imported.
        graph: its graph.

    Attributes:
        nodes: name -> node.
        assignments: variable -> the op that assigns its initial value.
    """

    def __init__(self, meta: MetaGraph, graph: Graph) -> None:
        self.nodes = {node.name: node for node in variable_nodes(graph)}
        written = {record.name: record.initializer for record in meta.variables()}
        self.assignments = first_assignments(graph, self.nodes, written)
        self._graph, self._written = graph, written

    def run(self, session: Any, filled: Collection[str]) -> tuple[tuple[str, ...], tuple[Uninitialized, ...]]:
        """Runs the initializers of all variables but some.

        Args:
            session: the tf.compat.v1.Session.
            filled: the variables that have their values.

        Returns:
            The variables that were initialized, and those that have no value.
        """
        there = {_identity(self.nodes[name]) for name in filled if name in self.nodes}
        left = [name for name, node in self.nodes.items() if _identity(node) not in there]
        found = initializers(self._graph, left, self._written, self.nodes)
        failed = {name: "nothing in the graph initializes it" for name in left if name not in found}
        failed |= {name: f"its initializer needs {item.obstacle}" for name, item in found.items() if item.obstacle}
        ready = {name: item for name, item in found.items() if name not in failed}
        for group in _groups(ready):
            failed |= self._run(session, group)
        done = tuple(name for name in left if name not in failed)
        return done, tuple(Uninitialized(name, failed[name]) for name in left if name in failed)

    def _run(self, session: Any, names: Sequence[str]) -> dict[str, str]:
        """Runs some initializers at once, or if that fails one by one; returns which failed and why."""
        try:
            run_ops(session, [self.assignments[name].name for name in names], {})
        except _tensorflow.tf_errors() as error:
            if len(names) == 1:
                return {names[0]: _tensorflow.first_line(error)}
            return {name: reason for one in names for name, reason in self._run(session, [one]).items()}
        return {}


def _identity(node: Node) -> tuple[bytes, str]:
    """Returns what variable nodes that are the same variable have in common."""
    return node.attr.bytes("container"), node.attr.text("shared_name") or node.name


def _groups(ready: Mapping[str, Initializer]) -> list[list[str]]:
    """Returns the variables in groups, each after those it depends on; in a cycle, one by one."""
    needs = {name: frozenset((item.variables & ready.keys()) - {name}) for name, item in ready.items()}
    groups = filling_order(needs)
    return [[name] for name in sorted(needs, key=lambda name: len(needs[name]))] if groups is None else groups


# ---- the init op of a SavedModel


def _find_init_op(model: LegacyModel, imported: Importable) -> tuple[InitOp | None, tuple[str, ...]]:
    """Returns the init op of a SavedModel, and a note if it cannot be run."""
    name = model.meta.init_op if model.is_saved_model else ""
    if not name:
        return None, ()
    node = imported.graph.get(name)
    if node is not None:
        return InitOp.of(node, imported.graph), ()
    left_out = imported.left_out.get(name)
    why = "it is not in the graph." if left_out is None else str(left_out)
    return None, (f"The init op of the SavedModel, {name!r}, was not run: {why}",)


def _run_init_op(
    init_op: InitOp, session: Any, feeds: Mapping[str, str], restored: Collection[str]
) -> tuple[bool, str]:
    """Runs the init op with the files of `assets/` in place of the recorded paths.

    Args:
        init_op: the op.
        session: the tf.compat.v1.Session.
        feeds: tensor name -> path of a file.
        restored: the variables that have their values from the checkpoint.

    Returns:
        Whether it ran, and a note for the user, "" for none.
    """
    try:
        run_ops(session, [init_op.name], feeds)
    except _tensorflow.tf_errors() as error:
        return False, (
            f"The init op of the SavedModel, {init_op.name!r}, which TensorFlow runs when it loads the model, failed: "
            f"{_tensorflow.first_line(error)}"
        )
    changed = init_op.may_change(restored)
    if not changed:
        return True, ""
    return True, (
        f"The init op of the SavedModel, {init_op.name!r}, was run, as TensorFlow runs it when it loads the model. "
        f"It may have changed the restored values of {and_more(changed, _MOST_SHOWN)}."
    )


# ---- lookup tables


class TableInitializers:
    """The lookup tables of a graph, and the source of their content: tensors of the graph, or files.

    Args:
        meta: the meta graph, as it was imported.
        graph: its graph.
        checkpoint: what was restored; mutable tables that it holds are filled already.
        assets: path of a table's file as the graph has it, or its last part -> the file to read instead.

    Attributes:
        feeds: name of a tensor that holds a path -> the file to read.

    Raises:
        UsageError: a file is given for a path that no table is read from, or does not exist.
    """

    def __init__(
        self, meta: MetaGraph, graph: Graph, checkpoint: Checkpoint | None, assets: Mapping[str, Path]
    ) -> None:
        self._graph = graph
        self._content = resolve_tables(graph, meta, checkpoint, assets, (), {})
        carried = {name: str(path) for name, path in carried_files(meta).items() if name.partition(":")[0] in graph}
        self.feeds: Mapping[str, str] = {**carried, **table_file_feeds(graph, self._content.paths)}

    def run(self, session: Any, done: Callable[[str], bool]) -> tuple[str, ...]:
        """Runs the initializers of all tables, and returns what the user should know, a sentence each.

        A table that cannot be filled stays empty, since it may never be used; a lookup in it then fails.

        Args:
            session: the tf.compat.v1.Session.
            done: whether an initializer, by its name, was run already.
        """
        failed = [note for table in self._content.tables if (note := self._run(session, table, done))]
        return (*self._content.problems, *self._content.notes, *failed)

    def _run(self, session: Any, table: LookupTable, done: Callable[[str], bool]) -> str:
        files = {node.name for node, _ in file_initializers(self._graph, table)}
        names = [name for name in table.initializers if not done(name)]
        if not names or not files <= self._content.paths.keys():
            return ""  # filled already, perhaps from the checkpoint; or reported by the content
        paths = [self._graph[name].inputs[1].name for name in files]
        try:
            run_ops(session, names, {path: self.feeds[path] for path in paths})
        except _tensorflow.tf_errors() as error:
            return f"The lookup table {table.name!r} could not be filled: {_tensorflow.first_line(error)}"
        return ""
