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

_SEQUENCES = ("__tuple__", "TensorShape")
_VALUES = ("__tuple__", "__numpy__", "__tensor__")
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
    """Returns a JSON object of Keras; tuples, shapes and values of NumPy in it are lists and numbers.

    Raises:
        FormatError: it is too large, damaged, nested too deeply, or no object.
    """
    if len(text) > MOST_JSON:
        raise _bad(path, what, f"at most {MOST_JSON:,} bytes", f"{len(text):,}")
    try:
        found = json.loads(text, object_hook=plain_value)
    except (ValueError, RecursionError) as error:
        raise _bad(path, what, "JSON", str(error) or type(error).__name__) from None
    if not isinstance(found, dict):
        raise _bad(path, what, "a JSON object", type(found).__name__)
    return found


def plain_value(found: dict[str, Any]) -> Any:
    """Returns what an object of JSON stands for: a tuple, a shape or a value of NumPy, or else the object.

    Source: get_json_type and Encoder in keras/saving/legacy/saved_model/json_utils.py, serialize_keras_object in
    keras/saving/serialization_lib.py.
    """
    kind, config = found.get("class_name"), found.get("config")
    if kind in _SEQUENCES and isinstance(found.get("items"), list):
        return found["items"]
    if kind in _VALUES and isinstance(config, Mapping) and "value" in config:
        return config["value"]
    return found["value"] if found.get("type") == "ndarray" and "value" in found else found


def plain_values(found: Any) -> Any:
    """Returns parsed JSON with all that objects in it stand for."""
    if isinstance(found, Mapping):
        return plain_value({key: plain_values(value) for key, value in found.items()})
    return [plain_values(value) for value in found] if isinstance(found, list) else found


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
