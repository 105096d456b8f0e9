"""The table of composed functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Composed = Callable[..., Any]
_Function = TypeVar("_Function", bound=Composed)

COMPOSED: dict[str, Composed] = {}
"""`tf.pad` -> a function that takes keras.ops, then the arguments of tf.pad by name."""


def composed(*names: str) -> Callable[[_Function], _Function]:
    """Registers a function under the last parts of the names that TensorFlow has for it."""

    def register(function: _Function) -> _Function:
        COMPOSED.update({f"tf.{name}": function for name in names})
        return function

    return register


def listed(value: Any) -> list[Any]:
    """Returns the items of a list or tuple, or a value alone in a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
