"""Writes the variables of a migrated model as a checkpoint for the program that the model came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver.analysis.values.weights import Location
from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.errors import UsageError
from compat_saver.model import open_model
from compat_saver.model.legacy_model import LegacyModel

_Weights = Mapping[str, Any]


def save_checkpoint(model: Any, prefix: str | os.PathLike[str], source: Path | None, *, overwrite: bool) -> str:
    """Writes a V2 checkpoint with the names of TensorFlow 1; returns its prefix.

    Args:
        model: a migrated model, loaded by TensorFlow, perhaps trained since.
        prefix: the prefix to write.
        source: what the model was migrated from. With it, variables are stored where the program's own saver looks for
            them, parts of a tensor as parts, and what the model has no need of is copied.
        overwrite: replace an existing checkpoint.

    Raises:
        UsageError: the model has no weights by name, or the source no checkpoint.
        OutputExistsError: the checkpoint is there.
        ArtifactError: the source cannot be read.
    """
    weights: _Weights | None = getattr(model, "weights", None)
    if not isinstance(weights, Mapping):
        raise UsageError(
            "save_checkpoint takes a migrated model as tf.saved_model.load returns it; this object has no .weights by "
            "name."
        )
    original = None if source is None else open_model(source)
    with BundleWriter(prefix, overwrite=overwrite) as writer:
        if original is None:
            for name, variable in weights.items():
                writer.add(name, variable.numpy())
        else:
            _write_for(original, weights, writer)
    return os.fspath(prefix)


def _write_for(original: LegacyModel, weights: _Weights, writer: BundleWriter) -> None:
    """Writes variables where the original's saver looks for them, and all else that its checkpoint holds."""
    checkpoint = original.checkpoint
    if checkpoint is None:
        raise UsageError(f"{original.path} has no checkpoint, so what the model has no need of cannot be copied.")
    whole: dict[str, np.ndarray] = {}
    for name, variable in weights.items():
        location = original.saver_locations.get(name, Location(name))
        if location.part is None:
            whole[location.key] = variable.numpy()
        else:
            tensor = whole.setdefault(location.key, np.array(checkpoint[location.key]))
            tensor[location.part.box] = variable.numpy()
    for key, array in whole.items():
        _add(writer, key, array, checkpoint)
    for key in checkpoint:
        if key not in whole:
            writer.copy(key, checkpoint, key, keep_slices=True)


def _add(writer: BundleWriter, key: str, array: np.ndarray, checkpoint: Checkpoint) -> None:
    slices = checkpoint.info(key).slices if key in checkpoint else ()
    for spec in slices:
        writer.add_slice(key, array.shape, spec, array[spec.box(array.shape)])
    if not slices:
        writer.add(key, array)
