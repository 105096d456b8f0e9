"""Runs a written model, loaded back from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import without_collection
from compat_saver.graph.attributes import Shape
from compat_saver.migration.verification.samples import Feeds
from compat_saver.migration.verification.time_limit import within
from compat_saver.model.signature import Signature


def load(directory: Path, tag_set: Sequence[str]) -> Any:
    """Loads a model; its variables have no names of their own, only their keys in `weights`.

    Raises:
        CannotMigrateError: TensorFlow refuses it.
    """
    tf = _tensorflow.tensorflow()
    try:
        with without_collection(), _tensorflow.without_snapshots(), tf.variable_creator_scope(_nameless):
            return tf.saved_model.load(str(directory), tags=list(tag_set))
    except _tensorflow.tf_errors() as error:
        reason = f"TensorFlow does not load the written model: {_tensorflow.first_line(error)}"
        raise CannotMigrateError([reason]) from error


def _nameless(create: Callable[..., Any], **arguments: Any) -> Any:
    """Creates a variable without a name: TensorFlow prepares its op once per name, which takes longest of all."""
    return create(**arguments | {"name": None})


def run(model: Any, signature: Signature, feeds: Feeds, timeout: float) -> dict[str, np.ndarray]:
    """Calls a signature; returns output key -> array.

    Raises:
        TimeLimitError: it takes more than `timeout` seconds.
    """

    def call() -> dict[str, np.ndarray]:
        found = model.signatures[signature.name](**tensors(signature, feeds))
        return {key: np.asarray(value.numpy()) for key, value in found.items()}

    return within(timeout, "The written model", call)


def tensors(signature: Signature, feeds: Feeds) -> dict[str, Any]:
    """Returns input key -> tensor, as the signature takes it."""
    tf = _tensorflow.tensorflow()
    return {key: tf.constant(array, signature.inputs[key].dtype, array.shape) for key, array in feeds.items()}


def output_shapes(model: Any, name: str) -> dict[str, Shape]:
    """Returns the shapes of a signature's results, which TensorFlow orders by their keys."""
    function = model.signatures[name]
    shapes = [None if item.shape.rank is None else tuple(item.shape.as_list()) for item in function.outputs]
    return dict(zip(sorted(function.structured_outputs), shapes, strict=True))
