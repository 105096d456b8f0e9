"""Brings a checkpoint and a graph together that do not have the same name.

`tf.train.write_graph` and Estimators leave a `graph.pbtxt` beside the checkpoints, and a checkpoint may have lost its
own `.meta` while that of another step is there. The two are taken for a pair, with a note, if every variable that the
graph's saver restores is in the checkpoint, with its type and shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compat_saver.analysis.values.weights import Weight, WeightFinder
from compat_saver.bundle import open_bundle
from compat_saver.errors import ArtifactError
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.proto.files import read_graph_def
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from compat_saver.proto.recognize import GRAPH_DEF
from compat_saver.sources import CheckpointSource, GraphDefSource, resolve_checkpoint
from compat_saver.sources.checkpoint_files import META
from compat_saver.sources.directories import identify

_GRAPH_ENDINGS = (".pb", ".pbtxt")


def read_graph(path: Path) -> MetaGraph:
    """Reads a MetaGraphDef, or a GraphDef as one that holds nothing else."""
    if path.is_file() and identify(path).message == GRAPH_DEF:
        message = MetaGraphDef()
        read_graph_def(path, message.graph_def)
        return MetaGraph(str(path), message)
    return read_meta_graph(path)


def with_graph_beside(checkpoint: CheckpointSource) -> LegacyModel | None:
    """Returns the model of a checkpoint without a graph of its name and the only graph beside it that fits, or None.

    The only .meta of the directory comes first, then GraphDefs.
    """
    entries = sorted(path for path in checkpoint.files.stem.parent.iterdir() if path.is_file())
    metas = [path for path in entries if path.name.endswith(META)]
    graphs = [path for path in entries if path.name.endswith(_GRAPH_ENDINGS)]
    for paths in (metas if len(metas) == 1 else [], graphs):
        fitting = [model for path in paths if (model := _pair(checkpoint, path)) is not None]
        if len(fitting) == 1:
            return fitting[0]
    return None


def with_checkpoint_beside(graph: GraphDefSource) -> LegacyModel | None:
    """Returns the model of a GraphDef with variables and the checkpoint of its directory, or None."""
    try:
        checkpoint = resolve_checkpoint(graph.path.parent)
    except ArtifactError:
        return None
    return _pair(checkpoint, graph.path)


def _pair(checkpoint: CheckpointSource, path: Path) -> LegacyModel | None:
    try:
        meta, opened = read_graph(path), open_bundle(checkpoint.prefix)
    except ArtifactError:
        return None
    note = f"{path} was taken for the graph of the checkpoint {opened.prefix}; all of its variables fit."
    model = LegacyModel(checkpoint.kind, str(checkpoint.prefix), meta, opened, (*checkpoint.notes, note))
    restored = list(_restored(model))
    return model if restored and all(isinstance(item, Weight) for item in restored) else None


def _restored(model: LegacyModel) -> Iterator[Weight | str]:
    """Yields, for each variable that the graph's saver restores, its weight or why it does not fit."""
    finder = WeightFinder(model.checkpoint, model.saver_locations, (), {}, model.assembled_values)
    for name, node in model.variables.items():
        if name in model.saver_locations or (not model.saver_locations and name not in model.local_variables):
            yield finder.find(node)
