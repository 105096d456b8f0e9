"""A configuration of Keras 1 or 2 that tf-keras runs on a CPU, without the code that is in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, dict[str, Any]] = {
    "CuDNNLSTM": {"recurrent_activation": "sigmoid"},
    "CuDNNGRU": {"recurrent_activation": "sigmoid", "reset_after": True},
}


def patched(config: Any) -> Any:
    """Returns a configuration with the layers of cuDNN as plain ones, and every Lambda with a function given by name.

    tf-keras converts the weights of the former when it loads them.
    """
    if isinstance(config, list):
        return [patched(item) for item in config]
    if not isinstance(config, Mapping):
        return config
    changed = {key: patched(value) for key, value in config.items()}
    kind = changed.get("class_name")
    if kind in _PLAIN:
        return {**changed, "class_name": kind.removeprefix("CuDNN"), "config": {**changed["config"], **_PLAIN[kind]}}
    if kind == "function":
        return changed.get("config")
    if kind == "Lambda":
        name = changed["config"]["name"]
        function = {"function": name, "function_type": "function", "module": None}
        return {**changed, "config": {**changed["config"], **function}}
    return changed
