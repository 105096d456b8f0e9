"""Fills the lookup tables of a session from tensors of the graph, and from files where these lie here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.tables import LookupTable, file_initializers
from compat_saver.bundle import Checkpoint
from compat_saver.graph import Graph
from compat_saver.legacy_session import run_ops, table_file_feeds
from compat_saver.model.table_content import carried_files, resolve_tables
from compat_saver.proto.meta_graph import MetaGraph


class Tables:
    """The lookup tables of a graph, and where what they hold comes from.

    Args:
        meta: the meta graph, as it was imported.
        graph: its graph.
        checkpoint: what was restored; mutable tables that it holds are full already.
        assets: path of a table's file as the graph has it, or its last part -> the file to read instead.

    Raises:
        UsageError: a file is given for a path that no table is read from, or is not there.
    """

    def __init__(
        self, meta: MetaGraph, graph: Graph, checkpoint: Checkpoint | None, assets: Mapping[str, Path]
    ) -> None:
        self._graph = graph
        self._content = resolve_tables(graph, meta, checkpoint, assets, (), {})
        carried = {name: str(path) for name, path in carried_files(meta).items() if name.partition(":")[0] in graph}
        self.feeds: Mapping[str, str] = {**carried, **table_file_feeds(graph, self._content.paths)}
        """Name of a tensor that holds a path -> the file that is meant."""

    def fill(self, session: Any, done: Callable[[str], bool]) -> tuple[str, ...]:
        """Runs the initialisers of all tables, and returns what a person should know of them, a sentence each.

        A table that cannot be filled stays empty, for perhaps nobody asks for it; a lookup in it then fails.

        Args:
            session: the tf.compat.v1.Session.
            done: whether an initialiser, by its name, was run already.
        """
        failed = [note for table in self._content.tables if (note := self._fill(session, table, done))]
        return (*self._content.problems, *self._content.notes, *failed)

    def _fill(self, session: Any, table: LookupTable, done: Callable[[str], bool]) -> str:
        files = {node.name for node, _ in file_initializers(self._graph, table)}
        names = [name for name in table.initializers if not done(name)]
        if not names or not files <= self._content.paths.keys():
            return ""  # filled already, by what the checkpoint holds perhaps, or told of by the content
        paths = [self._graph[name].inputs[1].name for name in files]
        feeds = {path: self.feeds[path] for path in paths}
        try:
            run_ops(session, names, feeds)
        except _tensorflow.tf_errors() as error:
            return f"The lookup table {table.name!r} could not be filled: {_tensorflow.first_line(error)}"
        return ""
