"""The weights of files of Keras 1 and of Theano in the layout of Keras 2 on TensorFlow."""

from __future__ import annotations

from typing import Any

from compat_saver.keras_files import KerasFile
from compat_saver.keras_files.old_weights import THEANO, Kind, as_keras_2_weights, is_of_keras_1, layer_kinds


def in_layout_of_keras_2(file: KerasFile, target: Any) -> KerasFile:
    """Returns a file as Keras 2 on TensorFlow would have written it.

    Args:
        file: any file of Keras.
        target: what is to be filled; its layers, in order, say what those of a file of weights alone are.
    """
    is_keras_1 = is_of_keras_1(file)
    if not is_keras_1 and file.backend != THEANO:
        return file
    kinds = layer_kinds(file.config) if file.config is not None else _kinds_of(target, file)
    return as_keras_2_weights(file, kinds, is_keras_1=is_keras_1)


def _kinds_of(target: Any, file: KerasFile) -> dict[str, Kind]:
    here = [layer for layer in getattr(target, "layers", ()) if layer.weights]
    there = [layer for layer in file.layers if layer.weights]
    if len(here) != len(there):
        return {}
    return {
        stored.name: Kind(type(layer).__name__, getattr(layer, "data_format", "") == "channels_first")
        for layer, stored in zip(here, there, strict=True)
    }
