"""Writes the `variables/` of a SavedModel, taking bytes from file to file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from compat_saver.analysis.values.weights import Weight
from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.migration.plan import Plan
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saved_model import table_keys, variable_key


def write_variables(
    plan: Plan, checkpoint: Checkpoint | None, objects: bytes, directory: Path, wrote: Callable[[int], None]
) -> None:
    """Writes `directory/variables`.

    Args:
        plan: knows the weights and the tables.
        checkpoint: where their values are; None if there are only weights with initial values.
        objects: what TensorFlow finds the values by, a serialized TrackableObjectGraph.
        directory: the model.
        wrote: called with the bytes of each weight that is written.

    Raises:
        ArtifactError: the checkpoint is damaged.
    """
    (directory / "variables").mkdir()
    with BundleWriter(directory / "variables" / "variables") as writer:
        writer.add(OBJECT_GRAPH_KEY, np.array(objects, dtype=object))
        for weight in plan.all_weights:
            _add(writer, weight, checkpoint)
            wrote(weight.nbytes)
        for table in plan.all_tables:
            if table.stored is not None and checkpoint is not None:
                for key, tensor in zip(table_keys(table.name), table.stored, strict=True):
                    writer.copy(key, checkpoint, tensor)


def _add(writer: BundleWriter, weight: Weight, checkpoint: Checkpoint | None) -> None:
    key, part = variable_key(weight.name), weight.location.part
    if weight.initial is not None:
        writer.add(key, weight.initial)
    elif checkpoint is not None:
        writer.copy(key, checkpoint, weight.location.key, slices=() if part is None else part.box)
