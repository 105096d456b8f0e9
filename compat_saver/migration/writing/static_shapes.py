"""Completes a written SavedModel with the output shapes that TensorFlow infers when it loads the model."""

from __future__ import annotations

from pathlib import Path

from compat_saver.graph.attributes import Shape
from compat_saver.migration.writing.saved_model import GRAPH_FILE
from compat_saver.proto.messages import SavedModel
from compat_saver.saved_model import OutputShapes, refine_output_shapes


def complete_shapes(directory: Path, inferred: OutputShapes) -> dict[str, dict[str, Shape]]:
    """Rewrites `saved_model.pb` where TensorFlow knows more than the graph recorded; returns all output shapes.

    Args:
        directory: the written model.
        inferred: the shapes by TensorFlow's shape functions.
    """
    path = directory / GRAPH_FILE
    model = SavedModel.FromString(path.read_bytes())
    shapes = refine_output_shapes(model.meta_graphs[0], inferred)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return shapes
