"""Refuses a graph that would change something outside of itself while it is imported, initialized or restored."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compat_saver.analysis.effects import side_effects
from compat_saver.analysis.values.initializers import first_assignments
from compat_saver.analysis.values.tables import tables_of
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.errors import SideEffectError
from compat_saver.graph import Graph, OpCatalog, from_graph_def
from compat_saver.graph.side_effects import runs_at_import
from compat_saver.model.permissions import refused_changes, require_reaching, sentences
from compat_saver.proto.meta_graph import MetaGraph


def refuse_changes(meta: MetaGraph, allow: Collection[str]) -> None:
    """Checks what a graph does before the caller runs anything of it.

    Args:
        meta: as it was read.
        allow: the ops, and patterns of ops, that may reach outside.

    Raises:
        SideEffectError: an initializer, the init op or the saver would write, open a connection or act on the process,
            or TensorFlow may do so while it imports the graph.
        UsageError: an op to allow is unknown.
    """
    require_reaching(allow)
    graph = from_graph_def(meta.graph_def)
    catalog = OpCatalog.of(graph, meta.stripped_ops)
    if not side_effects(graph, catalog, (), meta.saver_def):
        return
    roots = [node for name in _run_at_start(meta, graph) if (node := graph.get(name.partition(":")[0])) is not None]
    effects = side_effects(graph, catalog, {node.name for node in graph.ancestors(roots)}, meta.saver_def)
    happening = (item._replace(needed=item.needed or runs_at_import(item.op)) for item in effects)
    found = refused_changes(happening, allow)
    if found:
        raise SideEffectError(meta.path, list(sentences(found)), found)


def _run_at_start(meta: MetaGraph, graph: Graph) -> Iterator[str]:
    """Yields the nodes that a session runs before anything is asked of the model."""
    if meta.saver_def is not None:
        yield meta.saver_def.restore_op_name
    yield meta.init_op
    written = {record.name: record.initializer for record in meta.variables()}
    yield from written.values()
    variables = [node.name for node in variable_nodes(graph)]
    yield from (node.name for node in first_assignments(graph, variables, written).values())
    for table in tables_of(graph, meta):
        yield from table.initializers
