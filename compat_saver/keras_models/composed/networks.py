"""Activations, convolutions, pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat_saver.keras_models.composed.registry import composed, listed


@composed("softmax")
def _softmax(ops: Any, logits: Any, axis: Any = None) -> Any:
    return ops.softmax(logits, axis=-1 if axis is None else axis)


@composed("log_softmax")
def _log_softmax(ops: Any, logits: Any, axis: Any = None) -> Any:
    return ops.log_softmax(logits, axis=-1 if axis is None else axis)


@composed("gelu")
def _gelu(ops: Any, features: Any, approximate: bool = False) -> Any:
    return ops.gelu(features, approximate=approximate)


@composed("swish", "silu")
def _swish(ops: Any, features: Any, beta: float = 1.0) -> Any:
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, beta)))


@composed("crelu")
def _crelu(ops: Any, features: Any, axis: int = -1) -> Any:
    return ops.concatenate([ops.relu(features), ops.relu(ops.negative(features))], axis=axis)


@composed("local_response_normalization", "lrn")
def _local_response_normalization(
    ops: Any, input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Any:
    channels = input.shape[-1]
    squares = ops.pad(ops.square(input), [[0, 0], [0, 0], [0, 0], [depth_radius, depth_radius]])
    total = sum(squares[..., start : start + channels] for start in range(2 * depth_radius + 1))
    return ops.divide(input, ops.power(ops.add(ops.multiply(total, alpha), bias), beta))


@composed("one_hot")
def _one_hot(
    ops: Any, indices: Any, depth: int, on_value: float = 1, off_value: float = 0, axis: int = -1, dtype: Any = None
) -> Any:
    found = ops.one_hot(indices, depth, axis=axis, dtype=dtype or "float32")
    if (on_value, off_value) == (1, 0):
        return found
    return ops.add(ops.multiply(found, on_value - off_value), off_value)


@composed("max_pool", "max_pool2d")
def _max_pool(ops: Any, input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC") -> Any:
    return ops.max_pool(input, **_window(input, ksize, strides, padding, data_format))


@composed("avg_pool", "avg_pool2d")
def _avg_pool(ops: Any, input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC") -> Any:
    return ops.average_pool(input, **_window(input, ksize, strides, padding, data_format))


def _window(tensor: Any, size: Any, strides: Any, padding: str, data_format: str) -> dict[str, Any]:
    rank = len(tensor.shape) - 2
    return {
        "pool_size": _spatial(size, rank, data_format),
        "strides": _spatial(strides, rank, data_format),
        "padding": padding.lower(),
        "data_format": _FORMATS[data_format],
    }


@composed("conv2d", "conv3d", "convolution")
def _conv(
    ops: Any,
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: str = "VALID",
    data_format: str = "NHWC",
    dilations: Any = 1,
) -> Any:
    rank = len(input.shape) - 2
    return ops.conv(
        input,
        np.asarray(filters, str(input.dtype)) if isinstance(filters, list) else filters,
        strides=_spatial(strides, rank, data_format),
        padding=padding.lower(),
        data_format=_FORMATS[data_format],
        dilation_rate=_spatial(1 if dilations is None else dilations, rank, data_format),
    )


_FORMATS = {"NHWC": "channels_last", "NCHW": "channels_first", "NWC": "channels_last", "NDHWC": "channels_last"}


def _spatial(value: Any, rank: int, data_format: str) -> tuple[int, ...]:
    """Returns a number per spatial dimension of one number, of one per such, or of one per dimension."""
    items = listed(value)
    if len(items) == rank + 2:
        return tuple(items[1:-1]) if data_format.endswith("C") else tuple(items[2:])
    return tuple(items * rank if len(items) == 1 else items)


@composed("depth_to_space")
def _depth_to_space(ops: Any, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    if hasattr(ops, "depth_to_space"):
        return ops.depth_to_space(input, block_size, data_format=_FORMATS[data_format])
    height, width, depth = _known_sizes(input, data_format)
    left = depth // block_size**2
    parts = ops.reshape(input, (-1, height, width, block_size, block_size, left))
    return ops.reshape(ops.transpose(parts, _SWAPPED), (-1, height * block_size, width * block_size, left))


@composed("space_to_depth")
def _space_to_depth(ops: Any, input: Any, block_size: int, data_format: str = "NHWC") -> Any:
    if hasattr(ops, "space_to_depth"):
        return ops.space_to_depth(input, block_size, data_format=_FORMATS[data_format])
    height, width, depth = _known_sizes(input, data_format)
    rows, columns = height // block_size, width // block_size
    parts = ops.reshape(input, (-1, rows, block_size, columns, block_size, depth))
    return ops.reshape(ops.transpose(parts, _SWAPPED), (-1, rows, columns, depth * block_size**2))


_SWAPPED = (0, 1, 3, 2, 4, 5)


def _known_sizes(images: Any, data_format: str) -> tuple[int, int, int]:
    """Returns the sizes without that of the batch: Keras before 3.13 has no function that does without them."""
    _, height, width, depth = images.shape
    if data_format != "NHWC" or None in (height, width, depth):
        raise ValueError("Keras before 3.13 takes blocks of pixels of a known size alone, channels last")
    return height, width, depth
