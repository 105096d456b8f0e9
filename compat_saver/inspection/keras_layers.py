"""What a file or SavedModel of Keras holds, as facts."""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.inspection.facts import KerasFacts, LayerFacts, VariableFacts
from compat_saver.keras_files import KerasFile, Layer, Weight, layer_configs

_NOT_TRAINED = ("moving_mean", "moving_variance", "running_mean", "running_std")


def keras_facts(file: KerasFile) -> KerasFacts:
    """Returns what a file of Keras holds, its layers at any depth: those in models and wrappers below theirs."""
    training = file.training_config or {}
    optimizer = training.get("optimizer_config") or training.get("optimizer") or {}
    return KerasFacts(
        path=file.prefix,
        form=file.form,
        keras_version=file.keras_version,
        backend=file.backend,
        class_name=str((file.config or {}).get("class_name") or ""),
        layers=tuple(_layers(file)),
        optimizer=str(optimizer.get("class_name", "")) if isinstance(optimizer, dict) else str(optimizer),
        loss=training.get("loss"),
        optimizer_weights=len(file.optimizer_weights),
        training_config=dict(training),
    )


def keras_variables(file: KerasFile) -> tuple[VariableFacts, ...]:
    """Returns the weights of a file, and the variables of its optimizer as slots."""
    own = [_variable(weight, _role(layer, weight)) for layer in file.layers for weight in layer.weights]
    return (*own, *(_variable(weight, "slot") for weight in file.optimizer_weights))


def _layers(file: KerasFile) -> Iterator[LayerFacts]:
    for layer in file.layers:
        parameters = sum(weight.nbytes // weight.dtype.itemsize for weight in layer.weights)
        names = tuple(weight.name for weight in layer.weights)
        yield LayerFacts(layer.name, layer.class_name, dict(layer.config), names, parameters)
        for item in layer_configs({"class_name": layer.class_name, "config": layer.config}, (layer.name,)):
            yield LayerFacts("/".join(item.path), item.class_name, dict(item.config))


def _role(layer: Layer, weight: Weight) -> str:
    is_kept = layer.config.get("trainable") is False or weight.name.endswith(_NOT_TRAINED)
    return "other" if is_kept else "trainable"


def _variable(weight: Weight, role: str) -> VariableFacts:
    return VariableFacts(weight.name, weight.dtype.name, weight.shape, weight.nbytes, role, stored=True)
