"""The configuration of a model: JSON in which layers are nested in models and in wrappers.

Every Keras writes a layer as {"class_name": ..., "config": {...}} with its name in the config, and the layers of a
model as the list `layers` in the model's config; before Keras 2.2.3 the config of a Sequential was that list. Keras 1
names a layer beside its config. Wrappers have theirs in `layer`, `forward_layer`, `backward_layer`, `cell` or `cells`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver.errors import FormatError
from compat_saver.keras_files.class_names import plain_class
from compat_saver.keras_files.contents import Config

MOST_JSON = 64 << 20
"""Bytes of JSON that are parsed; the configuration of a model with 10,000 layers takes ten of them."""

_TUPLES = ("__tuple__", "TensorShape")
_INNER = ("layer", "forward_layer", "backward_layer", "cell", "cells")


@dataclass(frozen=True)
class LayerConfig:
    """A layer in the configuration of a model.

    Attributes:
        path: the names of the models and wrappers around it and its own: ("base", "dense"); a wrapped layer without a
            name has that of the field: ("rnn", "cell").
        class_name: such as "Dense", without a module.
        config: its configuration.
    """

    path: tuple[str, ...]
    class_name: str
    config: Config

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1] if self.path else ""


def parse_json(text: bytes | str, path: str, what: str) -> dict[str, Any]:
    """Returns a JSON object of Keras.

    Raises:
        FormatError: it is too large, damaged, nested too deeply, or no object.
    """
    if len(text) > MOST_JSON:
        raise _bad(path, what, f"at most {MOST_JSON:,} bytes", f"{len(text):,}")
    try:
        found = json.loads(text, object_hook=_without_tuples)
    except (ValueError, RecursionError) as error:
        raise _bad(path, what, "JSON", str(error) or type(error).__name__) from None
    if not isinstance(found, dict):
        raise _bad(path, what, "a JSON object", type(found).__name__)
    return found


def _without_tuples(found: dict[str, Any]) -> Any:
    """Returns the items of a tuple or a shape, which SavedModels and `.keras` files tell from lists."""
    return found["items"] if found.get("class_name") in _TUPLES and "items" in found else found


def _bad(path: str, what: str, expected: str, found: str) -> FormatError:
    return FormatError(f"bad {what}", path=path, expected=expected, found=found)


def layers_of(model: Config, path: tuple[str, ...] = ()) -> list[LayerConfig]:
    """Returns the layers directly in a model or wrapper, in order; none for a configuration that lists none.

    Args:
        model: {"class_name": ..., "config": ...}.
        path: of the model.
    """
    return [layer for layer, _ in _inside(model, path)]


def layer_configs(model: Config, path: tuple[str, ...] = ()) -> Iterator[LayerConfig]:
    """Yields every layer of a model, each before those inside it: in models and wrappers too, at any depth.

    Args:
        model: {"class_name": ..., "config": ...}.
        path: of the model.
    """
    for layer, item in _inside(model, path):
        yield layer
        yield from layer_configs(item, layer.path)


def _inside(item: Config, path: tuple[str, ...]) -> Iterator[tuple[LayerConfig, Config]]:
    config = item.get("config")
    fields = config if isinstance(config, Mapping) else {"layers": config}
    for name in ("layers", *_INNER):
        held = fields.get(name)
        for one in held if isinstance(held, list) else (held,):
            if isinstance(one, Mapping) and isinstance(one.get("class_name"), str) and "config" in one:
                yield _layer(one, path, name), one


def _layer(item: Config, path: tuple[str, ...], field: str = "") -> LayerConfig:
    config = item.get("config")
    config = config if isinstance(config, Mapping) else {}
    name = config.get("name") or item.get("name") or field
    class_name = plain_class(item.get("class_name", ""))
    return LayerConfig((*path, str(name)), class_name, config)
