"""Sizes that a graph speaks of: what open dimensions of its inputs may have to be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from compat_saver.analysis.feeding.flow import scalar
from compat_saver.analysis.known_values import constant_value, stored_shape
from compat_saver.analysis.walk import origin
from compat_saver.graph import Graph, Node, Value

_MOST_OF_A_KIND = 4
_LARGEST = 1024
_MOST_ELEMENTS = 1 << 16
_SHAPES = {
    **{"Reshape": 1, "Fill": 0, "BroadcastTo": 1},
    **dict.fromkeys(("RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomUniformInt"), 0),
}
"""Op -> the input that is a shape."""


@dataclass(frozen=True)
class SizeHints:
    """Sizes, the likeliest first.

    Attributes:
        batches: first dimensions of what constants shape, and of constants of one value, as initial states are.
        others: numbers of steps, rows of weights, and the other dimensions of what constants shape.
        least: how long sequences and images have to be at least, for convolutions without padding to give something.
    """

    batches: tuple[int, ...]
    others: tuple[int, ...]
    least: int = 1


def size_hints(graph: Graph) -> SizeHints:
    """Returns the sizes that a rewritten graph speaks of."""
    shapes = [sizes for node in graph if (sizes := _told(node))]
    weights = [
        shape[0] for node in graph if node.op == "VarHandleOp" and len(shape := node.attr.shape("shape") or ()) > 1
    ]
    steps = [node.attr.int("num") for node in graph if node.op == "Unpack"]
    splits = [node for node in graph if node.op == "Split"]
    steps += [node.attr.int("num_split") for node in splits]
    ways = [node.attr.int("num_split") for node in splits if scalar(node.inputs[0]) == 0]
    inner = [size for sizes in shapes for size in sizes[1:]]
    others = (*_most_common(steps), *_first(weights), *_most_common(inner))
    filled = [size for node in graph if node.op == "Const" for size in _filled(node)]
    batches = _most_common([*ways, *(sizes[0] for sizes in shapes), *filled])
    return SizeHints(batches, tuple(dict.fromkeys(others)), 1 + sum(map(_extent, graph)))


def _extent(node: Node) -> int:
    """Returns how much shorter a convolution without padding makes a sequence: its dilated kernel less one."""
    kernel = stored_shape(node.inputs[1]) if node.op == "Conv2D" and node.attr.bytes("padding") == b"VALID" else None
    if kernel is None:
        return 0
    source = origin(node.inputs[0], ("ExpandDims", "Identity")).node
    block = constant_value(source.inputs[1]) if source.op == "SpaceToBatchND" else None
    rate = 1 if block is None or not block.size else int(block.max())
    return min(max(size or 1 for size in kernel[:2]) - 1, _LARGEST) * max(rate, 1)


def _told(node: Node) -> list[int]:
    return _sizes(node.inputs[_SHAPES[node.op]]) if node.op in _SHAPES else []


def _sizes(shape: Value) -> list[int]:
    """Returns the sizes in a constant shape, or in one that is put together of constants, as initial states have it."""
    node = origin(shape, ("Identity",)).node
    if node.op in ("ConcatV2", "Pack"):
        parts = [_sizes(value) for value in node.inputs[: -1 if node.op == "ConcatV2" else None]]
        return [size for part in parts for size in part] if all(parts) else []
    value = constant_value(shape)
    return value.reshape(-1).tolist() if value is not None and value.dtype.kind == "i" else []


def _filled(node: Node) -> list[int]:
    """Returns the first dimension of a constant of rows that holds one value many times, as initial states do."""
    shape = stored_shape(node.output())
    if not shape or len(shape) < 2 or not 1 < math.prod(size or 0 for size in shape) <= _MOST_ELEMENTS:
        return []
    value = constant_value(node.output())
    return list(value.shape[:1]) if value is not None and (value == value.flat[0]).all() else []


def _first(sizes: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(size for size in dict.fromkeys(sizes) if size is not None)[:_MOST_OF_A_KIND]


def _most_common(sizes: Iterable[int]) -> tuple[int, ...]:
    """Returns the sizes that occur most, without 1 and -1, which anything fits."""
    counted = Counter(size for size in sizes if 1 < size <= _LARGEST)
    return tuple(size for size, _ in counted.most_common(_MOST_OF_A_KIND))
