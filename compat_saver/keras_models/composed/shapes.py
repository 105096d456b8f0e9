"""Shapes, indices and parts of tensors."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver.keras_models.composed.registry import composed, listed


@dataclass(frozen=True)
class Lengths:
    """What tf.shape returns: lengths that the model knows; a length that it leaves open is OPEN.

    Attributes:
        items: a length per dimension.
    """

    items: tuple[Any, ...]


class _Open:
    """A length that a model leaves open, such as that of its batch."""

    def __repr__(self) -> str:
        return "a length that the model leaves open"


OPEN = _Open()


@composed("shape")
def _shape(ops: Any, input: Any, out_type: Any = None) -> Lengths:
    return Lengths(tuple(OPEN if length is None else length for length in input.shape))


@composed("getitem")
def _get_item(ops: Any, tensor: Any, slice_spec: Any) -> Any:
    key = tuple(slice_spec) if isinstance(slice_spec, list | tuple) else (slice_spec,)
    key = tuple(_index(item) for item in key)
    if not isinstance(tensor, Lengths):
        return tensor[key]
    found = tensor.items[key[0]]
    return Lengths(found) if isinstance(found, tuple) else found


def _index(item: Any) -> Any:
    if isinstance(item, Mapping) and {"start", "stop", "step"} & set(item):
        return slice(*(item.get(part) for part in ("start", "stop", "step")))
    return ... if isinstance(item, Mapping) else item


@composed("strided_slice")
def _strided_slice(
    ops: Any,
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Any:
    begin, end = listed(begin), listed(end)
    parts: list[Any] = []
    for bit, start, stop, step in zip(_bits(), begin, end, strides or [1] * len(begin), strict=False):
        if ellipsis_mask & bit:
            parts.append(...)
        elif new_axis_mask & bit:
            parts.append(None)
        elif shrink_axis_mask & bit:
            parts.append(start)
        else:
            parts.append(slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step))
    return _get_item(ops, input_, parts)


def _bits() -> Any:
    return (1 << number for number in itertools.count())


@composed("slice")
def _slice(ops: Any, input_: Any, begin: Sequence[int], size: Sequence[int]) -> Any:
    return input_[tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size, strict=True))]


@composed("reshape")
def _reshape(ops: Any, tensor: Any, shape: Any) -> Any:
    items = shape.items if isinstance(shape, Lengths) else shape
    return ops.reshape(tensor, tuple(-1 if item is OPEN else int(item) for item in items))


@composed("concat")
def _concat(ops: Any, values: Any, axis: int = 0) -> Any:
    values = listed(values)
    if any(isinstance(item, Lengths) for item in values):
        return Lengths(tuple(itertools.chain(*(v.items if isinstance(v, Lengths) else listed(v) for v in values))))
    return ops.concatenate(values, axis=axis)


@composed("stack")
def _stack(ops: Any, values: Any, axis: int = 0) -> Any:
    values = listed(values)
    if all(isinstance(item, int | _Open) for item in values):
        return Lengths(tuple(values))
    return ops.stack(values, axis=axis)


@composed("split")
def _split(ops: Any, value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    sizes = list(num_or_size_splits)
    if -1 in sizes:
        sizes[sizes.index(-1)] = value.shape[axis] - sum(size for size in sizes if size != -1)
    return ops.split(value, list(itertools.accumulate(sizes))[:-1], axis=axis)


@composed("pad")
def _pad(ops: Any, tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0) -> Any:
    value = {"constant_values": constant_values} if mode.upper() == "CONSTANT" else {}
    return ops.pad(tensor, paddings, mode.lower(), **value)


@composed("reverse")
def _reverse(ops: Any, tensor: Any, axis: Any) -> Any:
    return functools.reduce(lambda found, one: ops.flip(found, axis=one), listed(axis), tensor)


@composed("sort")
def _sort(ops: Any, values: Any, axis: int = -1, direction: str = "ASCENDING") -> Any:
    found = ops.sort(values, axis=axis)
    return ops.flip(found, axis=axis) if direction == "DESCENDING" else found


@composed("gather")
def _gather(ops: Any, params: Any, indices: Any, axis: Any = None, batch_dims: int = 0) -> Any:
    axis = batch_dims if axis is None else axis
    if not batch_dims:
        return ops.take(params, indices, axis=axis)
    if axis != batch_dims or len(indices.shape) != batch_dims + 1:
        raise ValueError("gather of more than one index per row of a batch has no equivalent in keras.ops")
    rest = tuple(range(batch_dims + 1, len(params.shape)))
    return ops.take_along_axis(params, ops.expand_dims(indices, rest) if rest else indices, axis=axis)


@composed("diag")
def _diag(ops: Any, diagonal: Any) -> Any:
    return ops.multiply(ops.expand_dims(diagonal, -1), np.eye(diagonal.shape[-1], dtype=str(diagonal.dtype)))


@composed("diag_part")
def _diag_part(ops: Any, input: Any) -> Any:
    return ops.diagonal(input, axis1=-2, axis2=-1)


@composed("sequence_mask")
def _sequence_mask(ops: Any, lengths: Any, maxlen: int, dtype: str = "bool") -> Any:
    return ops.cast(ops.less(np.arange(maxlen), ops.expand_dims(lengths, -1)), dtype)
