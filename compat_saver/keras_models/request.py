"""The request to the process that runs an original: see `reference`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from compat_saver.keras_files.old_weights import THEANO
from compat_saver.keras_models.architecture import LAMBDA
from compat_saver.keras_models.original import Original
from compat_saver.keras_models.patched import patched
from compat_saver.keras_models.samples import input_layers


def request_of(
    original: Original, places: Mapping[str, str], training: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns the request to run an original.

    Args:
        original: the model.
        places: name of a custom object -> where it is imported from.
        training: how to make a training step; None for none.
    """
    return {
        "form": original.form,
        "path": str(original.path),
        "inputs": [layer.name for layer in input_layers(original.plan)],
        "outputs": list(original.plan.output_names),
        "input_keys": keys_of(original.plan.inputs),
        "output_keys": keys_of(original.plan.outputs),
        "custom": dict(places),
        "config": config_to_run(original),
        "is_keras_1": original.is_keras_1,
        "is_theano": original.file is not None and original.file.backend == THEANO,
        "training": training,
    }


def config_to_run(original: Original) -> Mapping[str, Any] | None:
    """Returns the configuration to build the original of; None to load the file as it is."""
    has_lambda = any(layer.kind == LAMBDA for layer in original.plan.all_layers())
    if original.form in ("saved_model", "keras") and not has_lambda:
        return None
    has_lambda = has_lambda or '"class_name": "function"' in json.dumps(original.config)
    is_whole = original.file is not None and original.file.config is original.config
    return None if is_whole and not has_lambda and not original.has_cudnn else patched(original.config)


def keys_of(ends: Any) -> list[str]:
    """Returns the keys of inputs or outputs that a model takes as a dict."""
    return list(ends) if isinstance(ends, Mapping) else []
