"""The weights of Keras 1, and those of any Keras on Theano, as Keras 2 on TensorFlow has them.

what              in the file                                            becomes
LSTM, GRU         a weight per gate: LAYER_W_i, LAYER_U_i, LAYER_b_i     joined: i f c o, z r h
Conv1D            [length, 1, inputs, filters]                           [length, inputs, filters]
Conv2D, Conv3D    with dim_ordering="th" [filters, inputs, rows, ...]    [rows, ..., inputs, filters]
Conv2DTranspose   [rows, columns, inputs, filters], "th" as above        [rows, columns, filters, inputs]
any kernel        Theano convolves, TensorFlow correlates                reversed along rows, columns, ...

Source: `preprocess_weights_for_loading` of Keras 2.2.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compat_saver.bundle.arrays import Array
from compat_saver.keras_files import KerasFile, Layer, Weight, layer_configs
from compat_saver.keras_files.gates import gate_order

THEANO = "theano"
_TRANSPOSED = "Conv2DTranspose"
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", _TRANSPOSED, "ConvLSTM2D")
_UNKNOWN_ON_THEANO = ("SeparableConv1D", "SeparableConv2D", "DepthwiseConv2D")
_NAME = re.compile(r"(?:(?:forward|backward)_)?(.+)_([WUb])(?:_[ifcozrh])?(?:_\d+)?")
_GATE = re.compile(r"(.+_[WUb])_([ifcozrh])(?:_\d+)?")
_KERNELS = ("W", "U", "kernel", "recurrent_kernel")


@dataclass(frozen=True)
class _Kind:
    """What the layout of a layer's weights depends on.

    Attributes:
        class_name: in Keras 2.
        channels_first: whether its kernels, in Keras 1, have the filters first.
    """

    class_name: str
    channels_first: bool


def as_keras_2_weights(file: KerasFile, config: Mapping[str, Any], *, is_keras_1: bool) -> KerasFile:
    """Returns a file with the weights in the layout of Keras 2 on TensorFlow; without slots, if any was changed.

    Args:
        file: the file.
        config: of the model, in the form of Keras 2.
        is_keras_1: whether Keras 1 wrote it.
    """
    kinds = {
        layer.name: _Kind(layer.class_name, layer.config.get("data_format") == "channels_first")
        for layer in layer_configs(config)
    }
    layouts = _Layouts(kinds, is_keras_1, file.backend == THEANO)
    layers = tuple(replace(layer, weights=tuple(layouts.weights(layer))) for layer in file.layers)
    if all(old.weights == new.weights for old, new in zip(file.layers, layers, strict=True)):
        return replace(file, layers=layers)
    # Slots have the layout of the file as well, and the order of its names; they are not converted.
    return replace(file, layers=layers, optimizer_weights=())


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

    kinds: Mapping[str, _Kind]
    is_keras_1: bool
    is_theano: bool

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


def _of_keras_1(kind: _Kind, rank: int) -> list[Callable[[Array], Array]]:
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
