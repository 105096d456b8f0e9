"""The weights of layers by the order of the layers in a Keras file, as Keras itself loads HDF5 files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compat_saver.analysis.values.weights import fits
from compat_saver.keras_files import KerasFile
from compat_saver.saver.load_into.recurrent import BIAS, KERNEL, RECURRENT
from compat_saver.saver.load_into.targets import PAIRED, TargetVariable, own_name
from compat_saver.saver.matching.conversions import ConvertedTensors, original_of
from compat_saver.saver.matching.fit import Tensors

# The names that Keras 3 has for a weight -> those of Keras 1 and 2.
_OLDER_NAMES = {
    KERNEL: ("W", "depthwise_kernel"),
    "embeddings": ("W",),
    RECURRENT: ("U",),
    BIAS: ("b",),
    "moving_mean": ("running_mean",),
    "moving_variance": ("running_std",),
}


def in_layer_order(
    target: Any, variables: Sequence[TargetVariable], tensors: Tensors
) -> tuple[list[TargetVariable], str] | None:
    """Returns the variables with the names that they have by the order of layers, and a note; None if it does not fit.

    It is the order by which Keras itself loads HDF5 files. As a check, every weight must have the shape and the kind of
    name ("kernel") of the one that it gets.

    Args:
        target: a model.
        variables: its variables.
        tensors: the checkpoint.
    """
    file = original_of(tensors)
    if not isinstance(file, KerasFile) or not hasattr(target, "layers"):
        return None
    here = [layer for layer in target.layers if layer.weights]
    there = [layer for layer in file.layers if layer.weights]
    if len(here) != len(there):
        return None
    names: dict[int, str] = {}
    for layer, stored in zip(here, there, strict=True):
        keys = _replaced([weight.name for weight in stored.weights], tensors)
        weights = next((row for row in _orders(layer) if _is_alike(row, keys, tensors)), None)
        if weights is None:
            return None
        names |= {id(weight): key for weight, key in zip(weights, keys, strict=True)}
    if not {id(item.variable) for item in variables} <= names.keys():
        return None
    pairs = ", ".join(f"{stored.name!r} into {layer.name!r}" for layer, stored in zip(here, there, strict=True))
    note = f"Names differ; layers were matched in their order, as Keras does: {pairs}."
    return [replace(item, names={PAIRED: names[id(item.variable)]}, places=()) for item in variables], note


def _orders(layer: Any) -> list[list[Any]]:
    """Returns the orders in which Keras lists the weights of a layer; those of a model depend on what is trained."""
    own = list(layer.weights)
    kept = {id(weight) for weight in own}
    by_training = [weight for weight in layer.trainable_weights if id(weight) in kept]
    by_training += [weight for weight in layer.non_trainable_weights if id(weight) in kept]
    return [by_training, own]


def _replaced(keys: Sequence[str], tensors: Tensors) -> list[str]:
    """Returns the keys of weights, with those of converted tensors in place of their sources."""
    converted = tensors.converted if isinstance(tensors, ConvertedTensors) else {}
    by_source: dict[str, list[str]] = defaultdict(list)
    for key, item in converted.items():
        for source in item.sources:
            by_source[source].append(key)
    found = dict.fromkeys(new for key in keys for new in by_source.get(key, [key]))
    order = (KERNEL, RECURRENT, BIAS)
    is_cell = [key in converted and key.rpartition("/")[2] in order for key in found]
    return (
        sorted(found, key=lambda key: order.index(key.rpartition("/")[2]))
        if all(is_cell) and len(found) == 3
        else list(found)
    )


def _is_alike(weights: Sequence[Any], keys: Sequence[str], tensors: Tensors) -> bool:
    shapes = tensors.shapes()
    return len(weights) == len(keys) and all(
        fits(shapes[key], tuple(weight.shape)) and _is_same_kind(own_name(weight), key)
        for weight, key in zip(weights, keys, strict=True)
    )


def _is_same_kind(here: str, stored: str) -> bool:
    kind, other = here.rpartition("/")[2], stored.rpartition("/")[2]
    # TensorFlow numbers the weights of a layer whose cells have the same names: `kernel_1`.
    is_same = re.sub(r"_\d+$", "", other) == kind
    return is_same or any(other == old or other.endswith(f"_{old}") for old in _OLDER_NAMES.get(kind, ()))
