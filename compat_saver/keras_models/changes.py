"""What an upgrade reports: each change of a layer by name, and all that cannot be upgraded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]
"""JSON of Keras."""


@dataclass(frozen=True)
class Change:
    """One change of the configuration.

    Attributes:
        layer: the layer's name; "" for the model itself.
        name: what was changed, such as "time_major".
        detail: what became of it.
    """

    layer: str
    name: str
    detail: str


def become_identity(config: Config) -> str:
    """Leaves of a configuration what every layer has; returns the class of the layer that forwards its input."""
    for key in set(config) - {"name", "trainable", "dtype"}:
        del config[key]
    return "Identity"


@dataclass
class Upgrade:
    """What is collected while a configuration is upgraded.

    Attributes:
        supplied: the names of custom classes, functions and Lambda layers that the user gives an object for.
        keras_version: what wrote the model; "" if it is not recorded.
        changes: in the order of the layers.
        problems: a sentence each.
        missing: the custom classes and functions that nothing was given for -> the layers that need them.
    """

    supplied: Collection[str] = ()
    keras_version: str = ""
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)

    def change(self, layer: str, name: str, detail: str) -> None:
        """Reports a change."""
        self.changes.append(Change(layer, name, detail))

    def problem(self, layer: str, sentence: str) -> None:
        """Reports what prevents the migration."""
        self.problems.append(f"Layer {layer!r}: {sentence}")

    def needs(self, name: str, layer: str) -> None:
        """Reports a custom class or function that a layer needs, unless it was given."""
        if name not in self.supplied:
            self.missing.setdefault(name, []).append(layer)
