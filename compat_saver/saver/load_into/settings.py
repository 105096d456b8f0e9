"""Compares the configuration in a Keras file with the layers that are to be filled.

Equal weights may mean other outputs. Activations are compared by their values, for one name means other functions in
other releases: hard_sigmoid is clip(0.2 x + 0.5) in Keras 1 and 2, and relu6(x + 3) / 6 in Keras 3.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import RestoreError
from compat_saver.keras_files import KerasFile, LayerConfig, layer_configs
from compat_saver.keras_files.class_names import MODELS, current_class, plain_class
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.targets import is_layer
from compat_saver.saver.matching.fit import Fit
from compat_saver.saver.matching.report import RestoreReport

_ACTIVATIONS = ("activation", "recurrent_activation")
# Of the fields in the configuration of a layer those that change its outputs and leave the shapes of its weights.
_FIELDS = (
    *("use_bias", "reset_after", "go_backwards", "merge_mode", "mask_zero", "mask_value"),
    *("strides", "padding", "data_format", "dilation_rate", "groups", "pool_size", "interpolation"),
    *("epsilon", "momentum", "axis", "center", "scale", "negative_slope"),
)
_KERAS_1 = {
    "bias": "use_bias",
    "border_mode": "padding",
    "subsample": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
    "inner_activation": "recurrent_activation",
    "alpha": "negative_slope",
}
_KERAS_1_VALUES = {"tf": "channels_last", "th": "channels_first"}
_KERAS_1_CLASSES = {"Deconvolution2D": "Conv2DTranspose"}
_RECURRENT = ("LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_POINTS = np.linspace(-6, 6, 25, dtype=np.float32)[None]


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _elu(x: Any) -> Any:
    return np.where(x > 0, x, np.expm1(x))


# What the names mean in Keras 1 and 2.
_MEANINGS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "exponential": np.exp,
    "elu": _elu,
    "selu": lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(x)),
    "swish": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
}
_HARD_SIGMOID = "keras.Sequential([keras.layers.Rescaling(0.2, 0.5), keras.layers.ReLU(1.0)])"
"""Also in a Bidirectional, which copies its layer and takes no lambda."""
_HARD_SIGMOIDS = "That is hard_sigmoid as Keras 1 and 2 define it; in Keras 3 the name stands for another function."


@dataclass(frozen=True)
class Contradiction:
    """A layer that is configured otherwise than the one whose weights it is to get.

    Attributes:
        layer: its name.
        class_name: its class.
        field: what differs.
        stored: the value in the file, as text.
        here: the value of the layer, as text.
        instead: what to write when the layer is made.
    """

    layer: str
    class_name: str
    field: str
    stored: str
    here: str
    instead: str

    def __str__(self) -> str:
        return (
            f"{self.layer!r} ({self.class_name}): {self.field} is {self.stored} in the file and {self.here} here. "
            f"Write {self.field}={self.instead}."
        )


def stored_configs(file: KerasFile) -> list[LayerConfig]:
    """Returns the configurations of all layers in a file; both layers of a Bidirectional, which may store one only."""
    if file.config is None:
        return []
    found = list(layer_configs(file.config))
    if not found:  # a subclassed model
        found = [
            item
            for layer in file.layers
            for item in (
                LayerConfig((layer.name,), layer.class_name, layer.config),
                *layer_configs({"class_name": layer.class_name, "config": layer.config}, (layer.name,)),
            )
            if layer.class_name
        ]
    return list(_both_ways(found))


def _both_ways(configs: Sequence[LayerConfig]) -> Iterator[LayerConfig]:
    for number, item in enumerate(configs):
        yield item
        wrapper = next((one for one in reversed(configs[:number]) if one.path == item.path[:-1]), None)
        if wrapper is not None and wrapper.class_name == "Bidirectional" and not wrapper.config.get("backward_layer"):
            yield LayerConfig(item.path, item.class_name, {**item.config, "go_backwards": not _backwards(item)})


def _backwards(item: LayerConfig) -> bool:
    return bool(item.config.get("go_backwards"))


def layers_in(target: Any) -> Iterator[Any]:
    """Yields the layers in a model or wrapper, each before those inside it, in the order of a configuration."""
    if hasattr(target, "layers"):
        children = target.layers
    else:
        names = ("layer", "forward_layer", "backward_layer", *(("cell",) if type(target).__name__ == "RNN" else ()))
        held = [getattr(target, name, None) for name in names]
        children = held[1:] if held[1] is not None else held
    for child in children:
        if is_layer(child):
            yield child
            yield from layers_in(child)


def contradictions(target: Any, configs: Sequence[LayerConfig], found: Fit | None = None) -> list[Contradiction]:
    """Returns what contradicts a configuration.

    Cases: the same kinds of layers in the same order; else, once it is known which tensors the variables get, layers of
    the same kind that get the weights of that name, or that have the name.

    Args:
        target: the model or layer.
        configs: those of the file.
        found: which tensors the variables get.
    """
    layers = [target, *layers_in(target)] if is_layer(target) else []
    pairs = _in_order(layers, configs) or ([] if found is None else list(_by_name(layers, configs, found)))
    return [item for layer, config in pairs for item in _compared(layer, config)]


def require_same(target: Any, configs: Sequence[LayerConfig], source: str, found: Fit | None = None) -> None:
    """Raises a RestoreError that lists every contradiction."""
    rows = contradictions(target, configs, found)
    if not rows:
        return
    lines = [
        f"{source} does not fit: its configuration contradicts the layers, which would compute something else with its "
        "weights. Nothing was restored.",
        *(f"  - {row}" for row in rows),
        *([_HARD_SIGMOIDS] if any(row.instead == _HARD_SIGMOID for row in rows) else ()),
        "To load the weights all the same, pass strict=False; the report lists the contradictions.",
    ]
    error = RestoreError("\n".join(lines), RestoreReport(source, notes=tuple(map(str, rows))))
    raise as_tf_error(error, "InvalidArgumentError")


def unknown_activations(target: Any) -> tuple[str, ...]:
    """Returns a note that names recurrent_activation of every LSTM and GRU, of which the file says nothing."""
    layers = [target, *layers_in(target)] if is_layer(target) else []
    used = {
        layer.name: _named(getattr(layer, "recurrent_activation", None))
        for layer in layers
        if _kind(type(layer).__name__) in _RECURRENT
    }
    if not used:
        return ()
    listed = ", ".join(f"{name!r} has recurrent_activation={value}" for name, value in used.items())
    return (
        f"No configuration is stored with these weights, so it was not compared: {listed}. Up to TensorFlow 1.15 and "
        f"Keras 2.2 the default was hard_sigmoid; write recurrent_activation={_HARD_SIGMOID}. {_HARD_SIGMOIDS}",
    )


def _in_order(layers: Sequence[Any], configs: Sequence[LayerConfig]) -> list[tuple[Any, LayerConfig]]:
    here = [layer for layer in layers if _is_compared(_live_config(layer))]
    there = [config for config in configs if _is_compared(_renamed(config.config))]
    kinds = [_kind(type(layer).__name__) for layer in here]
    return list(zip(here, there, strict=True)) if kinds == [_kind(item.class_name) for item in there] else []


def _by_name(layers: Sequence[Any], configs: Sequence[LayerConfig], found: Fit) -> Iterator[tuple[Any, LayerConfig]]:
    for layer in layers:
        kind = _kind(type(layer).__name__)
        alike = [item for item in configs if _kind(item.class_name) == kind]
        names = [*_holders(layer, found), layer.name]
        for name in names:
            chosen = [item for item in alike if name in item.path]
            if chosen:
                yield layer, chosen[0]
                break


def _holders(layer: Any, found: Fit) -> list[str]:
    """Returns the names of layers in the names of the tensors that a layer's weights get, innermost first."""
    own = {str(getattr(weight, "path", weight.name)).removesuffix(":0") for weight in layer.weights}
    keys = [match.keys[0] for match in found.matches if match.wanted.name in own]
    return [part for key in keys[:1] for part in reversed(key.split("/")[:-1])]


def _compared(layer: Any, config: LayerConfig) -> Iterator[Contradiction]:
    here, stored = _live_config(layer), _renamed(config.config)
    for field in _ACTIVATIONS:
        function, name = getattr(layer, field, None), stored.get(field)
        if callable(function) and isinstance(name, str) and name in _MEANINGS and not _is_same(function, name):
            instead = _HARD_SIGMOID if name == "hard_sigmoid" else repr(name)
            yield Contradiction(layer.name, type(layer).__name__, field, repr(name), _named(function), instead)
    for field in _FIELDS:
        if not _is_equal(field, here.get(field), stored.get(field), layer):
            value = repr(_plain(stored[field]))
            yield Contradiction(layer.name, type(layer).__name__, field, value, repr(_plain(here[field])), value)


def _is_same(function: Callable[[Any], Any], name: str) -> bool:
    """Whether an activation has the values that the name stands for.

    One that is a layer is built by its first call, for inputs of that shape alone, so another one like it is called.
    """
    if is_layer(function):
        function = type(function).from_config(function.get_config())  # type: ignore[attr-defined]
    values = np.asarray(function(_tensorflow.tensorflow().constant(_POINTS)))
    return bool(np.allclose(values, _MEANINGS[name](_POINTS.astype(np.float64)), 1e-3, 1e-3))


def _is_equal(field: str, here: Any, stored: Any, layer: Any) -> bool:
    if here is None or stored is None or isinstance(stored, Mapping):
        return True
    one, other = _plain(here), _plain(stored)
    if isinstance(one, tuple) != isinstance(other, tuple):
        one, other = (set(item) if isinstance(item, tuple) else {item} for item in (one, other))
    if field == "axis" and one != other:
        return _is_same_axis(one, other, layer)
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-5)
    return bool(one == other)


def _is_same_axis(one: Any, other: Any, layer: Any) -> bool:
    """Whether two axes are one, counted from the start and from the end; also if the rank is not known."""
    rank = getattr(getattr(layer, "input_spec", None), "ndim", None)
    axes = [item for held in (one, other) for item in (held if isinstance(held, set | tuple) else {held})]
    return rank is None or len({axis % rank for axis in axes}) == 1


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _live_config(layer: Any) -> Mapping[str, Any]:
    if hasattr(layer, "layers"):
        return {}  # what matters of a model are its layers
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of functions that could not be saved; nothing is
            config = layer.get_config()
    except Exception:  # the code of a custom layer
        return {}
    return config if isinstance(config, Mapping) else {}


def _renamed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a configuration with the names and values of Keras 2."""
    return {_KERAS_1.get(name, name): _KERAS_1_VALUES.get(str(value), value) for name, value in config.items()}


def _is_compared(config: Mapping[str, Any]) -> bool:
    return not {*_ACTIVATIONS, *_FIELDS}.isdisjoint(config)


def _kind(class_name: str) -> str:
    """Returns the class as Keras 3 names it."""
    name = current_class(plain_class(class_name)).removeprefix("CuDNN")
    return "Model" if name in MODELS else _KERAS_1_CLASSES.get(name, name)


def _named(function: Any) -> str:
    return repr(getattr(function, "__name__", str(function)))
