"""Calls a function of keras.ops, or a composed one, while a model is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from compat_saver.keras_models.composed import COMPOSED

_TENSORS = (
    "a",
    "b",
    "bias",
    "condition",
    "filters",
    "inputs",
    "logits",
    "params",
    "tensor",
    "values",
    "x",
    "x1",
    "x2",
    "xs",
    "y",
)
"""Arguments that are tensors; a list in their place is a constant of the type of the others."""
_NUMBERS = ("indices",)


def call_function(keras: Any, name: str, arguments: Mapping[str, Any]) -> Any:
    """Returns what a function computes: of constants alone a constant, which other functions may take as a length.

    Args:
        keras: Keras 3.
        name: of the function of keras.ops, or of a composed one.
        arguments: by name.
    """
    dtype = next((str(item.dtype) for item in keras.tree.flatten(dict(arguments)) if _is_tensor(keras, item)), None)
    given = {key: _constant(key, value, dtype or "float32") for key, value in arguments.items()}
    composed = COMPOSED.get(name)
    result = getattr(keras.ops, name)(**given) if composed is None else composed(keras.ops, **given)
    return result if dtype is not None else keras.tree.map_structure(lambda item: _as_number(keras, item), result)


def _is_tensor(keras: Any, item: Any) -> bool:
    return isinstance(item, keras.KerasTensor) and item.dtype != "bool"


def _constant(key: str, value: Any, dtype: str) -> Any:
    """Returns a list of numbers in the place of a tensor as an array."""
    if not isinstance(value, list) or key not in (*_TENSORS, *_NUMBERS):
        return value
    if all(isinstance(item, int | float | list) for item in value) and value:
        array = np.asarray(value)  # a list of tensors and lists is one of objects
        return array.astype("int32" if key in _NUMBERS else dtype) if array.dtype != object else value
    return [_constant(key, item, dtype) for item in value]


def _as_number(keras: Any, item: Any) -> Any:
    if not keras.ops.is_tensor(item):
        return item
    array = keras.ops.convert_to_numpy(item)
    return array if array.ndim else array.item()
