"""What is known of a model before it is built: its inputs, the names of its outputs, which weights are trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from compat_saver.keras_files import KerasFile, Weight, layer_configs
from compat_saver.keras_models.architecture import ModelPlan
from compat_saver.keras_models.report import EndPoint
from compat_saver.keras_models.samples import input_layers

_NOT_TRAINED = ("moving_mean", "moving_variance", "running_mean", "running_std")
_STATISTICS = 2
"""How many variables of a batch normalization are not trained: the last ones, where weights have numbers."""


def planned_inputs(plan: ModelPlan) -> list[EndPoint]:
    """Returns the inputs of a model."""
    layers = [layer.config for layer in input_layers(plan)]
    return [EndPoint(item["name"], item.get("dtype") or "float32", tuple(item["batch_shape"])) for item in layers]


def planned_outputs(plan: ModelPlan) -> list[EndPoint]:
    """Returns the outputs of a model by name; what they are is known when it is built."""
    return [EndPoint(name, "", None) for name in plan.output_names]


def count_trained(file: KerasFile) -> int:
    """Returns how many weights of a file are trained: not those of frozen layers, nor moving statistics."""
    configs = layer_configs(file.config or {})
    frozen = {layer.name for layer in configs if layer.config.get("trainable") is False}
    held = [(layer.name, weight) for layer in file.layers for weight in layer.weights]
    statistics = set(_statistics([weight for _, weight in held]))
    trained = [w for layer, w in held if not frozen & {layer, *w.name.split("/")} and w.key not in statistics]
    return len(trained)


def _statistics(weights: Sequence[Weight]) -> Iterator[str]:
    """Yields the keys of the moving statistics: by name, or the last of a group of numbered weights."""
    groups: dict[str, list[Weight]] = defaultdict(list)
    for weight in weights:
        name = weight.name.rpartition("/")[2]
        if name.endswith(_NOT_TRAINED):
            yield weight.key
        if name.isdecimal():
            groups[weight.key.rpartition("/")[0]].append(weight)
    for key, group in groups.items():
        if "batch_normalization" in key.split("/")[-2]:
            yield from (weight.key for weight in group[-_STATISTICS:])
