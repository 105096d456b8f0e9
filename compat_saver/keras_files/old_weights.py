"""The weights of Keras 1, and those of any Keras on Theano, as Keras 2 on TensorFlow has them.

what              in the file                                            becomes
LSTM, GRU         a weight per gate: LAYER_W_i, LAYER_U_i, LAYER_b_i     joined: i f c o, z r h
Conv1D            [length, 1, inputs, filters]                           [length, inputs, filters]
Conv2D, Conv3D    with dim_ordering="th" [filters, inputs, rows, ...]    [rows, ..., inputs, filters]
Conv2DTranspose   [rows, columns, inputs, filters], "th" as above        [rows, columns, filters, inputs]
any kernel        Theano convolves, TensorFlow correlates                reversed along rows, columns, ...

Slots of Keras 1 have the layout of its weights.
Source: `preprocess_weights_for_loading` of Keras 2.2.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compat_saver.bundle.arrays import Array
from compat_saver.keras_files.class_names import keras_2_class, plain_class
from compat_saver.keras_files.configurations import layer_configs
from compat_saver.keras_files.contents import KerasFile, Layer, Weight, positions, with_unique_names
from compat_saver.keras_files.gates import gate_order
from compat_saver.keras_files.optimizer_configs import OLD_SLOTS

THEANO = "theano"
_TRANSPOSED = "Conv2DTranspose"
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", _TRANSPOSED, "ConvLSTM2D")
_UNKNOWN_ON_THEANO = ("SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D")
_NAME = re.compile(r"(?:(?:forward|backward)_)?(.+)_([WUb])(?:_[ifcozrh])?(?:_\d+)?")
_GATE = re.compile(r"(.+_[WUb])_([ifcozrh])(?:_\d+)?")
_PARTS = {
    "W": "kernel",
    "U": "recurrent_kernel",
    "b": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "alphas": "alpha",
    "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel",
}
"""The end of a name in Keras 1 -> in Keras 2."""
_PART = re.compile(rf"(.+?)_({'|'.join(_PARTS)})(?:_\d+)?")
_STATISTICS = ("running_mean", "running_std")
_KERNELS = ("W", "U", "kernel", "recurrent_kernel")


@dataclass(frozen=True)
class Kind:
    """What the layout of a layer's weights depends on.

    Attributes:
        class_name: in Keras 2.
        channels_first: whether its kernels, in Keras 1, have the filters first.
        is_trained: whether its weights are trained, and have slots.
    """

    class_name: str
    channels_first: bool
    is_trained: bool = True


def layer_kinds(config: Mapping[str, Any]) -> dict[str, Kind]:
    """Returns name of a layer -> its kind, for a configuration of Keras 1 or 2."""
    return {
        layer.name: Kind(
            keras_2_class(layer.class_name),
            layer.config.get("data_format") == "channels_first" or layer.config.get("dim_ordering") == "th",
            layer.config.get("trainable") is not False,
        )
        for layer in layer_configs(config)
    }


def is_of_keras_1(file: KerasFile) -> bool:
    """Whether Keras 1 wrote a file: by its version, or else by the names of kernels."""
    if file.keras_version:
        return file.keras_version.startswith(("0.", "1."))
    return file.form == "hdf5" and any((match := _PART.fullmatch(name)) and match[2] == "W" for name in file.weights)


def as_keras_2_weights(file: KerasFile, kinds: Mapping[str, Kind], *, is_keras_1: bool) -> KerasFile:
    """Returns a file with the weights, and their slots, in the layout of Keras 2 on TensorFlow.

    Weights of Keras 1 get the names of Keras 2, `dense_1/kernel`; their old names are aliases. Where slots do not
    belong to the weights, the file has none.

    Args:
        file: the file.
        kinds: name of a layer -> what the layout of its weights depends on.
        is_keras_1: whether Keras 1 wrote it.
    """
    layouts = _Layouts(kinds, is_keras_1, file.backend == THEANO)
    layers = layouts.layers(file.layers)
    old = zip(file.layers, layers, strict=True)
    if not is_keras_1 and all(before.weights == after.weights for before, after in old):
        return replace(file, layers=layers)
    names = {
        before.name: after.name
        for one, other in zip(file.layers, layers, strict=True)
        if len(one.weights) == len(other.weights)
        for before, after in zip(one.weights, other.weights, strict=True)
        if before.name != after.name
    }
    slots = tuple(_converted_slots(file, layouts)) if is_keras_1 else ()
    return replace(file, layers=layers, optimizer_weights=slots, aliases={**positions(layers), **names})


# ---- slots of Keras 1


def _converted_slots(file: KerasFile, layouts: _Layouts) -> Iterator[Weight]:
    """Yields the number of steps and the slots, slot by slot, in the order and with the names of Keras 2.

    Keras 1 trained the weights in the order of their names, the gates of recurrent layers one by one.
    """
    described = (file.training_config or {}).get("optimizer_config") or {}
    kinds = OLD_SLOTS.get(plain_class(described.get("class_name", "")), ())
    arrays = [item for item in file.optimizer_weights if item.shape]
    trained = sorted(layouts.trained(file.layers), key=lambda item: item.name + ("" if layouts.is_theano else ":0"))
    columns = [arrays[number * len(trained) :][: len(trained)] for number in range(len(kinds))]
    shapes = [item.shape for item in trained]
    if len(arrays) != len(kinds) * len(trained) or any([w.shape for w in column] != shapes for column in columns):
        return
    yield from (replace(item, name="iterations") for item in file.optimizer_weights if not item.shape)
    for slot, column in zip(kinds, columns, strict=True):
        values = {item.name: stored for item, stored in zip(trained, column, strict=True)}
        layers = [
            replace(
                layer,
                weights=tuple(
                    replace(item, read=values[item.name].read, key=values[item.name].key)
                    for item in layer.weights
                    if item.name in values
                ),
            )
            for layer in file.layers
        ]
        for layer in layouts.layers(layers):
            yield from (replace(item, name=f"{item.name}/{slot}") for item in layer.weights)


def unknown_kernels(file: KerasFile, config: Mapping[str, Any]) -> list[str]:
    """Returns the layers of a file of Theano whose kernels Keras does not convert."""
    if file.backend != THEANO:
        return []
    return [layer.name for layer in layer_configs(config) if layer.class_name in _UNKNOWN_ON_THEANO]


@dataclass(frozen=True)
class _Layouts:
    """The conversion of weights.

    Attributes:
        kinds: name of a layer -> what the layout of its weights depends on.
        is_keras_1: whether Keras 1 wrote them.
        is_theano: whether they are for Theano.
    """

    kinds: Mapping[str, Kind]
    is_keras_1: bool
    is_theano: bool

    def layers(self, found: Sequence[Layer]) -> tuple[Layer, ...]:
        """Returns layers with converted weights."""
        converted = (replace(layer, weights=tuple(self.weights(layer))) for layer in found)
        if not self.is_keras_1:
            return tuple(converted)
        renamed = (replace(layer, weights=tuple(self._renamed(layer))) for layer in converted)
        return with_unique_names(renamed)

    def trained(self, layers: Sequence[Layer]) -> Iterator[Weight]:
        """Yields the weights that are trained."""
        for layer in layers:
            for weight in layer.weights:
                kind = self.kinds.get(_owner(layer, weight)[0]) or self.kinds.get(layer.name)
                match = _PART.fullmatch(weight.name)
                is_statistic = match is not None and match[2] in _STATISTICS
                if not is_statistic and (kind is None or kind.is_trained):
                    yield weight

    def _renamed(self, layer: Layer) -> Iterator[Weight]:
        for weight in layer.weights:
            match = _PART.fullmatch(weight.name)
            if match is None:
                yield weight
                continue
            kind = self.kinds.get(match[1]) or self.kinds.get(layer.name)
            is_embedding = kind is not None and kind.class_name == "Embedding"
            part = "embeddings" if is_embedding and match[2] == "W" else _PARTS[match[2]]
            yield replace(weight, name=f"{match[1]}/{part}")

    def weights(self, layer: Layer) -> Iterator[Weight]:
        """Yields the weights of a layer; those of gates joined, in the place of the first."""
        gates: dict[str, dict[str, Weight]] = {}
        for weight in layer.weights:
            match = _GATE.fullmatch(weight.name) if self.is_keras_1 else None
            if match is not None:
                gates.setdefault(match[1], {})[match[2]] = self._kernel(layer, weight)
        for weight in layer.weights:
            match = _GATE.fullmatch(weight.name) if self.is_keras_1 else None
            if match is None:
                yield self._kernel(layer, weight)
            elif match[1] in gates:
                yield _joined(match[1], gates.pop(match[1]))

    def _kernel(self, layer: Layer, weight: Weight) -> Weight:
        owner, part = _owner(layer, weight)
        kind = self.kinds.get(owner)
        if kind is None or part not in _KERNELS or kind.class_name not in CONVOLUTIONS:
            return weight
        steps = _of_keras_1(kind, len(weight.shape)) if self.is_keras_1 else []
        if self.is_theano:
            steps.append(_reversed)
        return _computed(weight, steps) if steps else weight


def _owner(layer: Layer, weight: Weight) -> tuple[str, str]:
    """Returns the name of the layer that a weight belongs to, and which of its weights it is."""
    rest, _, last = weight.name.rpartition("/")
    match = _NAME.fullmatch(last)
    if match is not None:
        return match[1], match[2]
    return rest.rpartition("/")[2] or layer.name, last


def _joined(name: str, gates: Mapping[str, Weight]) -> Weight:
    """Returns the weights of gates as one, in the order of Keras 2."""
    parts = [gates[gate] for gate in gate_order(gates)]
    shape = (*parts[0].shape[:-1], sum(part.shape[-1] for part in parts))
    return replace(
        parts[0],
        name=name,
        shape=shape,
        read=lambda slices: np.concatenate([part.array for part in parts], -1)[slices],
    )


def _of_keras_1(kind: Kind, rank: int) -> list[Callable[[Array], Array]]:
    """Returns the changes of a kernel's layout."""
    spatial = tuple(range(2, rank))
    if kind.class_name == "Conv1D":
        return [lambda array: array[:, 0]]
    if kind.channels_first:
        order = (*spatial, 0, 1) if kind.class_name == _TRANSPOSED else (*spatial, 1, 0)
        return [lambda array: np.transpose(array, order)]
    if kind.class_name == _TRANSPOSED:
        return [lambda array: np.swapaxes(array, -1, -2)]
    return []


def _reversed(array: Array) -> Array:
    """Returns a kernel reversed along all but its last two axes."""
    return np.flip(array, tuple(range(array.ndim - 2)))


def _computed(weight: Weight, steps: Sequence[Callable[[Array], Array]]) -> Weight:
    """Returns a weight whose values are changed when they are read."""

    def compute(array: Array) -> Array:
        for step in steps:
            array = step(array)
        return array

    shape = compute(np.empty(weight.shape, np.bool_)).shape
    return replace(weight, shape=shape, read=lambda slices: compute(weight.array)[slices])
