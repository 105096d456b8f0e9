"""What a migration executes of the original graph, and what that would do outside of it."""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.analysis.effects import SideEffect, side_effects
from compat_saver.analysis.walk import needed_from
from compat_saver.graph import Graph, Node
from compat_saver.migration.found_weights import FoundWeights
from compat_saver.migration.stages import Served
from compat_saver.model.folding import FoldedGraph
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.as_read import FedSources


def effects_of(model: LegacyModel, folded: FoldedGraph, served: Served, found: FoundWeights) -> tuple[SideEffect, ...]:
    """Returns everything in a graph that reaches outside, and whether the migration would run it."""
    everything = side_effects(model.as_read, model.catalog, (), model.meta.saver_def)
    if not everything:
        return ()
    names = {node.name for node in _executed(model, folded, served, found)}
    return side_effects(model.as_read, model.catalog, names, model.meta.saver_def)


def _executed(model: LegacyModel, folded: FoldedGraph, served: Served, found: FoundWeights) -> Iterator[Node]:
    """Yields what the reference run, the initializers of tables and variables, and the init op run."""
    graph = model.graph()
    made = served.behavior.apply_to_reference(graph, FedSources)
    fed = {graph.value(name) for name in (*folded.bound, *made.fed, *made.statistics)}
    for item in served.signatures:
        outputs = [graph.value(tensor.name) for tensor in item.outputs.values()]
        yield from needed_from(outputs, {*fed, *(graph.value(tensor.name) for tensor in item.inputs.values())})
    yield from needed_from([graph[name].output() for name in _fillers(model, graph, served, found)], fed)


def _fillers(model: LegacyModel, graph: Graph, served: Served, found: FoundWeights) -> Iterator[str]:
    yield from served.content.initializers
    if found.changed and model.meta.init_op in graph:
        yield model.meta.init_op
    filled = (weight for group in found.filling for weight in group)
    yield from (item.computed_by.tensor.partition(":")[0] for item in filled if item.computed_by is not None)
