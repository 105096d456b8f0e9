"""Compiles a built model of Keras 3 as its file says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compat_saver.keras_models.compiling import CompilePlan


def compile_model(keras: Any, model: Any, plan: CompilePlan, given: Mapping[str, Any]) -> None:
    """Compiles a model, with the variables of the optimizer made.

    Args:
        keras: Keras 3.
        model: the model.
        plan: what to compile it with.
        given: name of a custom loss or metric -> the object.

    Raises:
        ValueError, TypeError: Keras 3 has no such loss or metric, or takes no such option.
    """
    with keras.saving.custom_object_scope(dict(given)):
        optimizer = getattr(keras.optimizers, plan.optimizer).from_config(dict(plan.options))
        model.compile(
            optimizer=optimizer,
            loss=_resolved(plan.losses, _found(keras.losses.get, given)),
            metrics=_of_outputs(_resolved(plan.metrics, _found(_metrics(keras), given)), model),
            weighted_metrics=_of_outputs(_resolved(plan.weighted_metrics, _found(_metrics(keras), given)), model),
            loss_weights=plan.loss_weights,
        )
    optimizer.build(model.trainable_variables)


def _found(make: Any, given: Mapping[str, Any]) -> Any:
    """Returns what finds a loss or metric: Keras 3 does not look for custom functions by their names."""
    return lambda found: given[found] if isinstance(found, str) and found in given else make(found)


def _metrics(keras: Any) -> Any:
    """Returns what makes a metric; the words that Keras resolves by the shape of the output stay words."""
    return lambda found: found if isinstance(found, str) else keras.metrics.get(found)


def _resolved(found: Any, make: Any) -> Any:
    if isinstance(found, Mapping) and "class_name" not in found:
        return {key: _resolved(value, make) for key, value in found.items()}
    if isinstance(found, list):
        return [_resolved(value, make) for value in found]
    return None if found is None else make(found)


def _of_outputs(metrics: Any, model: Any) -> Any:
    """Returns metrics as Keras 3 takes them.

    Keras 2 wrote those of a single output as a list in a list; those in a plain list were metrics of every output.
    """
    if isinstance(metrics, list) and len(model.outputs) == 1 and len(metrics) == 1 and isinstance(metrics[0], list):
        return metrics[0]
    if isinstance(metrics, list) and len(model.outputs) > 1 and not any(isinstance(m, list | dict) for m in metrics):
        return [metrics] * len(model.outputs)
    return metrics or None
