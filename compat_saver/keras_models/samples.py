"""Generated inputs and labels to compare two Keras models on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver.bundle.arrays import Array
from compat_saver.errors import UsageError
from compat_saver.keras_models.architecture import INPUT, LayerPlan, ModelPlan
from compat_saver.keras_models.calls import refs
from compat_saver.sources import npz_inputs

_BATCH = 8
_OPEN = {3: 12, 4: 64, 5: 16}
"""Rank of an input -> the length of a dimension that the model leaves open: steps, or the side of a picture."""
_UNKNOWN = "a word of none"
_THROUGH = ("Masking", "Reshape", "Permute", "Flatten", "TimeDistributed", INPUT)


def input_layers(plan: ModelPlan) -> list[LayerPlan]:
    """Returns the layers that a model takes its inputs by, in the order of the model."""
    by_name = {layer.name: layer for layer in plan.layers}
    if plan.is_sequential:
        return [plan.layers[0]]
    return [by_name[ref.layer] for ref in refs(plan.inputs)]


def generate_inputs(plan: ModelPlan, seed: int) -> list[Array]:
    """Returns an array per input: numbers that an embedding looks up, or normally distributed ones."""
    rng = np.random.default_rng(seed)
    words = [word for layer in plan.all_layers() for word in layer.config.get("vocabulary") or ()]
    return [_input(layer, _limit(plan, layer.name), words, rng) for layer in input_layers(plan)]


def read_inputs(path: Path, plan: ModelPlan) -> list[Array]:
    """Returns the arrays of an .npz file, named by input.

    Raises:
        UsageError: one is missing, or the file cannot be read.
    """
    names = [layer.name for layer in input_layers(plan)]
    found, there = npz_inputs.read_inputs(path, names.__contains__)
    if not found.keys() >= set(names):
        listed = ", ".join(there)
        raise UsageError(f"{path}: expected an array for each of the inputs {', '.join(names)}, found {listed}.")
    return [found[name] for name in names]


def _input(layer: LayerPlan, limit: int | None, words: Sequence[Any], rng: np.random.Generator) -> Array:
    batch, *shape = layer.config["batch_shape"]
    sizes = [size or _OPEN.get(len(shape) + 1, 12) for size in shape]
    dtype = layer.config.get("dtype") or "float32"
    full = (batch or _BATCH, *sizes)
    if dtype == "string":
        return rng.choice(np.array([*map(str, words), _UNKNOWN]), full)
    if limit is not None:
        return rng.integers(0, limit, full).astype(dtype)
    if dtype == "bool":
        return rng.integers(0, 2, full).astype(bool)
    return rng.integers(0, 10, full).astype(dtype) if "int" in dtype else rng.standard_normal(full).astype(dtype)


def _limit(plan: ModelPlan, name: str) -> int | None:
    """Returns how many rows the smallest embedding has that an input reaches without being computed with."""
    limits = [int(layer.config["input_dim"]) for layer in _reached(plan, name) if layer.kind == "Embedding"]
    return min(limits) if limits else None


def _reached(plan: ModelPlan, name: str) -> Iterator[LayerPlan]:
    if plan.is_sequential:
        yield from _first_layers(plan.layers)
        return
    for layer in plan.layers:
        if any(ref.layer == name for ref in refs([(call.first, call.arguments) for call in layer.calls])):
            yield layer
            if layer.model is not None:
                for inner in input_layers(layer.model):
                    yield from _reached(layer.model, inner.name)
            elif layer.kind in _THROUGH:
                yield from _reached(plan, layer.name)


def _first_layers(layers: Sequence[LayerPlan]) -> Iterator[LayerPlan]:
    for layer in layers:
        yield layer
        if layer.model is not None:
            for inner in input_layers(layer.model):
                yield from _reached(layer.model, inner.name)
        if layer.kind not in _THROUGH:
            return


# ---- labels


def generate_labels(outputs: Sequence[Array], losses: Sequence[str], seed: int) -> list[Array]:
    """Returns an array per output that its loss takes: classes, their one-hot rows, 0 and 1, or numbers.

    Args:
        outputs: what the model predicted.
        losses: the name of the loss of each.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    return [_labels(output, loss.replace("_", "").lower(), rng) for output, loss in zip(outputs, losses, strict=True)]


def _labels(output: Array, loss: str, rng: np.random.Generator) -> Array:
    *outer, classes = output.shape
    if loss.startswith("sparse"):
        return rng.integers(0, classes, (*outer, 1)).astype("int32")
    if loss.startswith("categoricalcross"):
        return np.eye(classes, dtype=output.dtype)[rng.integers(0, classes, outer)]
    if loss.startswith(("binary", "squaredhinge", "hinge")):
        return rng.integers(0, 2, output.shape).astype(output.dtype)
    return rng.random(output.shape).astype(output.dtype)


def losses_of(losses: Any, names: Iterable[str]) -> list[str]:
    """Returns the name of the loss of each output; "" where an output has none.

    Args:
        losses: one, or by output, or in order.
        names: of the outputs.
    """
    names = list(names)
    if isinstance(losses, Mapping) and "class_name" not in losses:
        return [_name(losses.get(name)) for name in names]
    return [_name(item) for item in losses] if isinstance(losses, list) else [_name(losses)] * len(names)


def _name(loss: Any) -> str:
    return str(loss.get("class_name")) if isinstance(loss, Mapping) else loss or ""
