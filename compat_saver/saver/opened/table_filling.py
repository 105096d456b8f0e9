"""Fills the lookup tables of a session from tensors of the graph, and from files where these lie here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.tables import Table, file_initializers
from compat_saver.bundle import Checkpoint
from compat_saver.graph import Graph
from compat_saver.migration.table_content import TableContent, settle_tables
from compat_saver.proto.meta_graph import MetaGraph

_FLAG, _ARGUMENT = re.compile(r"--asset (\S+)=FILE"), r"assets={'\1': FILE}"
"""How a migration on the command line is told of a file, and how `restore` is."""


def fill_tables(
    session: Any, meta: MetaGraph, graph: Graph, checkpoint: Checkpoint | None, assets: Mapping[str, Path]
) -> tuple[str, ...]:
    """Runs the initialisers of all tables, and returns what a person should know of them, a sentence each.

    A table that cannot be filled stays empty, for perhaps nobody asks for it; a lookup in it then fails.

    Args:
        session: the tf.compat.v1.Session.
        meta: the meta graph, as it was imported.
        graph: its graph.
        checkpoint: what was restored; mutable tables that it holds are full already.
        assets: path of a table's file as the graph has it, or its last part -> the file to read instead.

    Raises:
        UsageError: a file is given for a path that no table is read from, or is not there.
    """
    content = settle_tables(graph, meta, checkpoint, assets, (), {})
    failed = [note for table in content.tables if (note := _fill(session, graph, table, content))]
    return (*(_FLAG.sub(_ARGUMENT, problem) for problem in content.problems), *content.notes, *failed)


def _fill(session: Any, graph: Graph, table: Table, content: TableContent) -> str:
    files = {node.name: node.inputs[1].name for node, _ in file_initializers(graph, table)}
    if any(initializer not in content.paths for initializer in files) or not table.initializers:
        return ""  # told of by `content`, or filled from the checkpoint
    feeds = {tensor: str(content.paths[initializer]) for initializer, tensor in files.items()}
    try:
        session.run([session.graph.get_operation_by_name(name) for name in table.initializers], feeds)
    except _tensorflow.refusals() as error:
        return f"The lookup table {table.name!r} could not be filled: {_tensorflow.gist(error)}"
    return ""
