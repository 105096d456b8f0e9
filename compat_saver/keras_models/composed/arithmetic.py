"""Arithmetic."""

from __future__ import annotations

import functools
from typing import Any

from compat_saver.keras_models.composed.registry import composed, listed


@composed("matmul")
def _matmul(
    ops: Any,
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
) -> Any:
    a = ops.swapaxes(a, -1, -2) if transpose_a or adjoint_a else a
    b = ops.swapaxes(b, -1, -2) if transpose_b or adjoint_b else b
    return ops.matmul(a, b)


@composed("add_n")
def _add_n(ops: Any, inputs: Any) -> Any:
    return functools.reduce(ops.add, listed(inputs))


@composed("bias_add")
def _bias_add(ops: Any, value: Any, bias: Any, data_format: str | None = None) -> Any:
    if data_format and data_format.startswith("NC"):
        bias = ops.reshape(bias, (-1,) + (1,) * (len(value.shape) - 2))
    return ops.add(value, bias)


@composed("identity_n")
def _identity_n(ops: Any, input: Any) -> Any:
    return listed(input)


@composed("squared_difference")
def _squared_difference(ops: Any, x: Any, y: Any) -> Any:
    return ops.square(ops.subtract(x, y))


@composed("convert_to_tensor")
def _convert_to_tensor(ops: Any, value: Any, dtype: Any = None) -> Any:
    return value if dtype is None else ops.cast(value, dtype)


@composed("cumsum")
def _cumsum(ops: Any, x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    x = ops.flip(x, axis=axis) if reverse else x
    total = ops.cumsum(x, axis=axis)
    total = ops.subtract(total, x) if exclusive else total
    return ops.flip(total, axis=axis) if reverse else total


@composed("argmax")
def _argmax(ops: Any, input: Any, axis: Any = None, output_type: str = "int64") -> Any:
    return ops.cast(ops.argmax(input, axis=axis or 0), output_type)


@composed("argmin")
def _argmin(ops: Any, input: Any, axis: Any = None, output_type: str = "int64") -> Any:
    return ops.cast(ops.argmin(input, axis=axis or 0), output_type)


@composed("l2_normalize")
def _l2_normalize(ops: Any, x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    total = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, epsilon)))


@composed("norm")
def _norm(ops: Any, tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Any:
    axis = tuple(axis) if isinstance(axis, list) else axis
    if ord == "euclidean":
        return _reduce_euclidean_norm(ops, tensor, axis, keepdims)
    return ops.norm(tensor, ord=ord, axis=axis, keepdims=keepdims)


@composed("reduce_euclidean_norm")
def _reduce_euclidean_norm(ops: Any, input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return ops.sqrt(ops.sum(ops.square(input_tensor), axis=axis, keepdims=keepdims))


@composed("clip_by_norm")
def _clip_by_norm(ops: Any, t: Any, clip_norm: float, axes: Any = None) -> Any:
    length = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=True))
    return ops.divide(ops.multiply(t, clip_norm), ops.maximum(length, clip_norm))
