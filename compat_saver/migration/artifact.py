"""What a migration starts from: a graph, and the checkpoint that holds its weights.

Five cases: a checkpoint with its .meta; a TF1 SavedModel or Hub module, whose graph lies in saved_model.pb and whose
weights in `variables/`; a GraphDef alone, frozen or without variables; where nobody needs weights, a .meta alone. All
else is refused by what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.errors import NameNotFoundError, NotALegacyArtifactError
from compat_saver.migration.options import MigrationOptions
from compat_saver.proto.files import read_graph_def, read_saved_model
from compat_saver.proto.messages import Message, MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from compat_saver.sources import GraphDefSource, MetaGraphSource, SavedModelSource, resolve, resolve_checkpoint


@dataclass(frozen=True)
class SourceFacts:
    """Where the model came from.

    Attributes:
        kind: "checkpoint", "saved_model", "hub_module" or "graph_def".
        path: the checkpoint's prefix, or the directory or file.
        meta_graph: the file that holds the graph.
        checkpoint_version: "V1", "V2", or None without a checkpoint.
        tensorflow_version: what wrote it, in its own words; "" if it does not say.
        producer: its GraphDef version.
    """

    kind: str
    path: str
    meta_graph: str
    checkpoint_version: str | None
    tensorflow_version: str
    producer: int


@dataclass(frozen=True)
class Artifact:
    """A legacy model, opened but not yet understood.

    Attributes:
        kind: what it is: "checkpoint", "saved_model", "hub_module", "graph_def" or "meta_graph".
        path: the checkpoint's prefix, or the directory or file.
        meta: its graph and what the writer knew of it.
        checkpoint: its weights; None for a graph that has none.
        notes: what a person should know of how the path was understood.
    """

    kind: str
    path: str
    meta: MetaGraph
    checkpoint: Checkpoint | None
    notes: tuple[str, ...]

    @property
    def facts(self) -> SourceFacts:
        """What a report says of it."""
        return SourceFacts(
            kind=self.kind,
            path=self.path,
            meta_graph=self.meta.path,
            checkpoint_version=None if self.checkpoint is None else self.checkpoint.version,
            tensorflow_version=self.meta.tensorflow_version,
            producer=self.meta.producer,
        )


def open_artifact(source: Path, options: MigrationOptions, *, needs_weights: bool = True) -> Artifact:
    """Opens what a path leads to.

    Args:
        source: any path.
        options: what the caller asked for.
        needs_weights: whether a .meta without its checkpoint is refused.

    Raises:
        ArtifactError: there is nothing, or something that cannot be migrated.
        NameNotFoundError: a SavedModel has no graph of the wanted tags.
    """
    found = resolve(source)
    if options.meta_graph is None and isinstance(found, SavedModelSource):
        return _open_saved_model(found, options.tag_set)
    if options.meta_graph is None and isinstance(found, GraphDefSource):
        message = MetaGraphDef(graph_def=read_graph_def(found.path))
        return Artifact(found.kind, str(found.path), MetaGraph(str(found.path), message), None, found.notes)
    if options.meta_graph is None and isinstance(found, MetaGraphSource) and not needs_weights:
        return Artifact(found.kind, str(found.path), read_meta_graph(found.path), None, found.notes)
    checkpoint = resolve_checkpoint(source, options.meta_graph)
    checkpoint.require_shards()
    meta = read_meta_graph(checkpoint.meta_path)
    return Artifact(checkpoint.kind, str(checkpoint.prefix), meta, open_bundle(checkpoint.prefix), checkpoint.notes)


def _open_saved_model(source: SavedModelSource, tags: Sequence[str]) -> Artifact:
    graphs = read_saved_model(source.file).meta_graphs
    message, note = _tagged(graphs, tags, source.file)
    if message.HasField("object_graph_def"):
        raise NotALegacyArtifactError(
            f"{source.path}: expected a TF1 SavedModel, found one that TensorFlow 2 wrote. It needs no migration; "
            "tf.saved_model.load reads it."
        )
    checkpoint = None if source.variables is None else open_bundle(source.variables.prefix)
    return Artifact(
        source.kind, str(source.path), MetaGraph(str(source.file), message), checkpoint, (*source.notes, *note)
    )


def _tagged(graphs: Sequence[Message], tags: Sequence[str], path: Path) -> tuple[Message, tuple[str, ...]]:
    """Returns the graph of exactly these tags, or the only one whatever its tags, with a note if it is not as asked."""
    for graph in graphs:
        if set(graph.meta_info_def.tags) == set(tags):
            return graph, ()
    there = "; ".join(",".join(graph.meta_info_def.tags) or "no tags" for graph in graphs)
    asked = f"{path} has no graph of the tags {','.join(tags)}."
    if len(graphs) == 1:
        was_said = tuple(tags) != MigrationOptions.tag_set
        return graphs[0], (f"{asked} The only one it has was taken; its tags: {there}.",) if was_said else ()
    raise NameNotFoundError(f"{asked} It has: {there}. Choose with --tag-set (tag_set= in Python).")
