"""The names of Keras's classes in the files of its releases."""

from __future__ import annotations

import re

MODELS = ("Model", "Functional", "Sequential")

_NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")
_ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "LSTMV2": "LSTM",
    "GRUV2": "GRU",
    "LSTMCellV2": "LSTMCell",
    "GRUCellV2": "GRUCell",
    "DenseV1": "Dense",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
}
"""Other names that Keras itself wrote for a class."""


OF_KERAS_1 = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "TimeDistributedDense": "Dense",
}
"""Classes of Keras 1 -> what they became in Keras 2, with other fields."""


def plain_class(name: object) -> str:
    """Returns the name of a class without the package it was registered under, or its module."""
    return str(name).rpartition(">")[2].rpartition(".")[2]


def current_class(name: str) -> str:
    """Returns the name that Keras 3 gives a class of this plain name."""
    return _ALIASES.get(name, name)


def keras_2_class(name: str) -> str:
    """Returns the name that Keras 2 gives a class of Keras 1."""
    return OF_KERAS_1.get(name, current_class(name))


def snake_case(class_name: str) -> str:
    """Returns a class as Keras names its layers: "conv2d_transpose" for Conv2DTranspose."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def by_number(name: str) -> tuple[str, int]:
    """Returns the parts of a name that Keras numbered: ("dense", 2) of "dense_2", ("dense", 0) of "dense"."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2] or 0)) if found is not None else (name, 0)
