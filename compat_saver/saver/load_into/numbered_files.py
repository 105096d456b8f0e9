"""Names for the weights of a `.keras` file, which have numbers only: those of the variables that they go into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from compat_saver.keras_files import KerasFile, Layer
from compat_saver.keras_files.class_names import current_class
from compat_saver.keras_files.numbered import variables_of
from compat_saver.saver.load_into.targets import is_layer


def named_by(target: Any, file: KerasFile) -> KerasFile | None:
    """Returns a file with the names of a model's variables; None where the layers do not correspond.

    Args:
        target: a model of Keras 3 that is built. Its layers correspond to those of the file by name, or all of them by
            their order and class, or by attribute.
        file: a `.keras` file.
    """
    own = [layer for layer in getattr(target, "layers", ()) if layer.weights]
    stored = [layer for layer in file.layers if layer.weights]
    pairs = _by_name(own, stored) or _in_order(own, stored) or _by_attribute(target, stored)
    named: dict[str, Layer] = {}
    for layer, found in pairs:
        variables = variables_of(layer, found.weights)
        if not len(variables) == len(found.weights) == len(layer.weights):
            return None
        weights = [replace(w, name=variable.path) for w, variable in zip(found.weights, variables, strict=True)]
        named[found.name] = replace(found, weights=tuple(weights))
    if not named:
        return None
    return replace(file, layers=tuple(named.get(layer.name, layer) for layer in file.layers))


def _by_name(own: Sequence[Any], stored: Sequence[Layer]) -> list[tuple[Any, Layer]]:
    layers = {layer.name: layer for layer in own}
    return [(layers[item.name], item) for item in stored if item.name in layers] if _same_names(layers, stored) else []


def _same_names(layers: dict[str, Any], stored: Sequence[Layer]) -> bool:
    """Whether one side has all the names of the other."""
    names = {item.name for item in stored}
    return names <= layers.keys() or layers.keys() <= names


def _in_order(own: Sequence[Any], stored: Sequence[Layer]) -> list[tuple[Any, Layer]]:
    if list(_kinds(own)) != [current_class(item.class_name) for item in stored]:
        return []
    return list(zip(own, stored, strict=True))


def _by_attribute(target: Any, stored: Sequence[Layer]) -> list[tuple[Any, Layer]]:
    """Returns the pairs of a subclassed model, whose layers go by its attributes until Keras 2.13."""
    pairs = [(vars(target).get(item.name), item) for item in stored]
    return pairs if all(is_layer(layer) for layer, _ in pairs) else []


def _kinds(layers: Sequence[Any]) -> Iterator[str]:
    return (type(layer).__name__ for layer in layers)
