"""Changes of single fields that any layer may have: types, initializers, activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compat_saver.keras_models.changes import Config, Upgrade

HARD_SIGMOID = "hard_sigmoid"
ACTIVATIONS = ("activation", "recurrent_activation", "inner_activation")
_WITH_DTYPE = ("_initializer", "_regularizer", "_constraint")
_STOCK = """
celu elu exponential gelu glu hard_shrink hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparsemax
squareplus swish tanh tanh_shrink threshold hard_sigmoid
"""
STOCK_ACTIVATIONS = frozenset(_STOCK.split())


def legal_name(name: str) -> str:
    """Returns the name of a layer or model as Keras 3 takes it: without slashes; PyTorch takes no dots either."""
    return name.replace("/", "_")


def upgrade_fields(name: str, config: Config, upgrade: Upgrade) -> Config:
    """Returns the configuration of a layer with the fields changed that many layers share.

    Args:
        name: the layer's name.
        config: its configuration.
        upgrade: receives the changes.
    """
    config = dict(config)
    if "/" in str(config.get("name", "")):
        config["name"] = legal_name(config["name"])
        upgrade.change(name, "name", f"became {config['name']}: Keras 3 takes no slash in one")
    if "dtype" in config:
        config["dtype"] = _dtype(name, config["dtype"], upgrade)
    for key, value in config.items():
        if key in ACTIVATIONS:
            config[key] = activation(name, value, upgrade, config.get("dtype"))
        elif key.endswith(_WITH_DTYPE) and isinstance(value, Mapping):
            config[key] = _object(name, value, upgrade)
    return config


def _dtype(name: str, value: Any, upgrade: Upgrade) -> Any:
    """Returns the name of the type or policy: Keras 3 makes a policy of it."""
    if not isinstance(value, Mapping):
        return value
    policy = value.get("config", {}).get("name") or "float32"
    upgrade.change(name, "dtype policy", f"{value.get('class_name')} became the policy {policy!r}")
    return policy


def _object(name: str, value: Mapping[str, Any], upgrade: Upgrade) -> Config:
    """Returns an initializer, regularizer or constraint as Keras 3 reads it."""
    config = dict(value.get("config") or {})
    if config.pop("dtype", None) is not None:
        upgrade.change(name, "initializer dtype", f"dropped from {value.get('class_name')}")
    return {"class_name": str(value.get("class_name")).rpartition(">")[2], "config": config}


def activation(name: str, value: Any, upgrade: Upgrade, dtype: Any = None) -> Any:
    """Returns an activation; hard_sigmoid means clip(0.2 x + 0.5, 0, 1) as Keras 1 and 2 defined it.

    Args:
        name: the layer's name.
        value: the activation.
        upgrade: receives the changes.
        dtype: of the layer; None for the default.
    """
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        value = value.get("config")
    if value == HARD_SIGMOID:
        upgrade.change(name, HARD_SIGMOID, "clip(0.2 x + 0.5, 0, 1), as Rescaling and ReLU: Keras 3 has another slope")
        return _hard_sigmoid(dtype)
    if isinstance(value, str) and value not in STOCK_ACTIVATIONS:
        upgrade.needs(value.rpartition(">")[2], name)
    return value


def _hard_sigmoid(dtype: Any) -> Config:
    """Returns two layers of Keras 3 in a row: it loads in any Keras 3, and no weight has to be rescaled."""
    shared = {} if dtype in (None, "float32") else {"dtype": dtype}
    steps = [
        stock("Rescaling", {"name": "hard_sigmoid_slope", "scale": 0.2, "offset": 0.5, **shared}),
        stock("ReLU", {"name": "hard_sigmoid_clip", "max_value": 1.0, **shared}),
    ]
    return {**stock("Sequential", {"name": "hard_sigmoid_of_keras_2", "layers": steps}), "module": "keras"}


def stock(class_name: str, config: Config) -> Config:
    """Returns the configuration of a layer in the form that Keras 3 writes."""
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}
