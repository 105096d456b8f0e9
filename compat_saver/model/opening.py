"""Opens what a path leads to as a `LegacyModel`: for every command, by the same rules.

Cases: a checkpoint with its .meta, or with another graph beside it that fits; a TF1 SavedModel or Hub module, whose
graph is stored in saved_model.pb and whose weights are in `variables/`; a GraphDef, alone or with the checkpoint beside
it; a .meta alone, where no weights are needed or the graph has no variables. All else is refused by what it is.

A SavedModel holds one graph per set of tags. Asked for a set, the graph of exactly that set is opened. Otherwise it is
the graph tagged `serve`, or else the one without tags, which is the inference graph of a Hub module by convention; of a
Hub module the one without tags comes first. A graph that is the only one is opened whatever its tags.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.errors import GraphError, NameNotFoundError, NotALegacyArtifactError
from compat_saver.graph.checks import node_problems
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.pairing import read_graph, with_checkpoint_beside, with_graph_beside
from compat_saver.proto.files import read_saved_model
from compat_saver.proto.messages import Message
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.sources import (
    GraphDefSource,
    MetaGraphSource,
    SavedModelSource,
    Source,
    resolve,
    resolve_checkpoint,
)

TagSet = Sequence[str]
SERVE = ("serve",)
_MOST_SHOWN = 3
_NO_TAGS: tuple[str, ...] = ()


def parse_tags(tag_set: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Returns a set of tags that may be given as one text with commas between; "" is the empty set."""
    if tag_set is None:
        return None
    if isinstance(tag_set, str):
        return tuple(tag.strip() for tag in tag_set.split(",") if tag.strip())
    return tuple(tag_set)


def open_model(
    source: Path,
    *,
    meta_graph: Path | None = None,
    tag_set: TagSet | None = None,
    needs_checkpoint: bool = True,
    needs_values: bool = True,
    accepts_tf2: bool = False,
) -> LegacyModel:
    """Opens what a path leads to.

    Args:
        source: any path.
        meta_graph: the .meta file, where it is not beside the checkpoint.
        tag_set: the tags of the graph to open, of a SavedModel; empty for the graph without tags, None for the usual.
        needs_checkpoint: whether a .meta without its checkpoint is refused.
        needs_values: whether a checkpoint of which data files are missing is refused.
        accepts_tf2: whether a SavedModel that TensorFlow 2 wrote is opened as well.

    Raises:
        ArtifactError: there is nothing, or something that is no legacy model.
        NameNotFoundError: a SavedModel has no graph of the tags.
        GraphError: the graph contradicts itself, or the definitions of its ops.
    """
    model = _open(source, meta_graph, tag_set, needs_checkpoint, needs_values, accepts_tf2)
    problems = list(itertools.islice(node_problems(model.as_read, model.catalog), _MOST_SHOWN + 1))
    if problems:
        more = " There are more." if len(problems) > _MOST_SHOWN else ""
        raise GraphError(f"{model.meta.path}: the graph is damaged. {' '.join(problems[:_MOST_SHOWN])}{more}")
    return model


def _open(
    source: Path,
    meta_graph: Path | None,
    tag_set: TagSet | None,
    needs_checkpoint: bool,
    needs_values: bool,
    accepts_tf2: bool,
) -> LegacyModel:
    found = resolve(source)
    if meta_graph is None and isinstance(found, SavedModelSource):
        return _open_saved_model(found, tag_set, accepts_tf2)
    ignored = _ignored(found, tag_set)
    if meta_graph is None and isinstance(found, (GraphDefSource, MetaGraphSource)):
        alone = LegacyModel(found.kind, str(found.path), read_graph(found.path), None, (*found.notes, *ignored))
        if isinstance(found, GraphDefSource):
            beside = with_checkpoint_beside(found) if alone.variables else None
            return beside or alone
        if not needs_checkpoint or not alone.variables:
            return alone
    checkpoint = resolve_checkpoint(source, meta_graph)
    if needs_values:
        checkpoint.require_shards()
    if checkpoint.meta is None and (paired := with_graph_beside(checkpoint)) is not None:
        return dataclasses.replace(paired, notes=(*paired.notes, *ignored))
    meta = read_graph(checkpoint.meta_path)
    notes = (*checkpoint.notes, *ignored)
    return LegacyModel(checkpoint.kind, str(checkpoint.prefix), meta, open_bundle(checkpoint.prefix), notes)


def _ignored(found: Source, tag_set: TagSet | None) -> tuple[str, ...]:
    if tag_set is None:
        return ()
    return (
        f"--tag-set was ignored: it chooses among the graphs of a SavedModel, and {found.path} is a {found.kind}. The "
        "tags of the written model are set with --output-tags (output_tags= in Python).",
    )


def _open_saved_model(source: SavedModelSource, tag_set: TagSet | None, accepts_tf2: bool) -> LegacyModel:
    graphs = read_saved_model(source.file).meta_graphs
    message, note = _tagged(graphs, tag_set, source)
    if message.HasField("object_graph_def") and not (accepts_tf2 or _is_of_keras(message)):
        raise NotALegacyArtifactError(
            f"{source.path}: expected a TF1 SavedModel, found one that TensorFlow 2 wrote. It needs no migration; "
            "tf.saved_model.load reads it."
        )
    meta = MetaGraph(str(source.file), message)
    return LegacyModel(source.kind, str(source.path), meta, _variables(source), (*source.notes, *note))


def _is_of_keras(message: Message) -> bool:
    """Whether Keras 2 wrote a SavedModel: Keras 3 and newer TensorFlow do not read it back as the model it was."""
    nodes = message.object_graph_def.nodes
    return any(node.user_object.identifier.startswith("_tf_keras") for node in nodes)


def _variables(source: SavedModelSource) -> Checkpoint | None:
    return None if source.variables is None else open_bundle(source.variables.prefix)


def _tagged(
    graphs: Sequence[Message], tag_set: TagSet | None, source: SavedModelSource
) -> tuple[Message, tuple[str, ...]]:
    """Returns the graph to open, with a note if it is the only one and not the requested one."""
    by_tags = {frozenset(graph.meta_info_def.tags): graph for graph in reversed(graphs)}
    usual = (_NO_TAGS, SERVE) if source.kind == "hub_module" else (SERVE, _NO_TAGS)
    for tags in usual if tag_set is None else (tag_set,):
        if frozenset(tags) in by_tags:
            return by_tags[frozenset(tags)], ()
    there = "; ".join(",".join(graph.meta_info_def.tags) or "no tags" for graph in graphs)
    asked = f"{source.file} has no graph {_named(tag_set)}."
    if len(graphs) == 1:
        return graphs[0], () if tag_set is None else (f"{asked} The only one it has was taken; its tags: {there}.",)
    raise NameNotFoundError(f"{asked} It has: {there}. Choose with --tag-set (tag_set= in Python).")


def _named(tag_set: TagSet | None) -> str:
    if tag_set is None:
        return "of the tags serve, nor one without tags"
    return f"of the tags {','.join(tag_set)}" if tag_set else "without tags"
