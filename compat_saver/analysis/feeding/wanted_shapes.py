"""What the ops that read a value want its shape to be, where its own shape leaves that open."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from compat_saver.analysis.feeding.flow import is_constant
from compat_saver.analysis.known_values import constant_value, stored_shape
from compat_saver.graph import Node, Use, Value
from compat_saver.graph.attributes import Shape

SAME_SHAPE = (
    "Identity",
    "StopGradient",
    "PlaceholderWithDefault",
    "Cast",
    "Relu",
    "Relu6",
    "Tanh",
    "Sigmoid",
    "Neg",
    "Abs",
)
"""Ops of one input whose output has its shape."""
BINARY = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "Pow")
"""Ops of two inputs whose output has the shape to which both are broadcast."""
_KEEPERS = frozenset([*SAME_SHAPE, *BINARY, "Abs", "Square", "Sqrt", "Log", "Exp", "Floor", "Round", "ClipByValue"])
"""Ops whose output has the shape of their first input, or of the one that is not constant."""
_CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2dNative"})
_IMAGE_OPS = frozenset({"MaxPool", "AvgPool", "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"})
_LARGEST = 1 << 24


@dataclass
class WantedShape:
    """What is wanted of a shape.

    Attributes:
        rank: how many dimensions.
        sizes: axis -> size; axes from the end are negative.
        row: how many elements one row, one entry of the first axis, has to have.
        whole: how many elements there have to be in all.
    """

    rank: int | None = None
    sizes: dict[int, int] = field(default_factory=dict)
    row: int | None = None
    whole: int | None = None

    def fill(self, shape: Shape) -> Shape:
        """Returns a shape with what is wanted in place of what it leaves open."""
        if shape is None:
            if self.rank is None and self.row is None:
                return None
            shape = (None,) * (self.rank if self.rank is not None else 2)
        filled = list(shape)
        for axis, size in self.sizes.items():
            if -len(filled) <= axis < len(filled) and filled[axis] is None:
                filled[axis] = size
        self._fill_row(filled)
        return tuple(filled)

    def _fill_row(self, sizes: list[int | None]) -> None:
        open_axes = [axis for axis, size in enumerate(sizes) if size is None and axis > 0]
        known = math.prod(size for size in sizes[1:] if size is not None)
        # A row of exactly what is known may as well be one of many that are joined: [B, T, F] reshaped to [-1, F].
        if self.row is not None and len(open_axes) == 1 and known and self.row % known == 0 and self.row != known:
            sizes[open_axes[0]] = self.row // known


def wanted_shape(value: Value) -> WantedShape:
    """Returns what the readers of a value want of its shape, looked for behind ops that keep the shape."""
    wanted = WantedShape()
    for use in _uses(value):
        _note(wanted, use)
    return wanted


def _uses(value: Value) -> Iterator[Use]:
    seen = {value}
    pending = [value]
    while pending:
        for use in pending.pop().uses:
            yield use
            others = [other for place, other in enumerate(use.node.inputs) if place != use.position]
            if use.node.op in _KEEPERS and all(is_constant(other) for other in others):
                output = use.node.output()
                if output not in seen:
                    seen.add(output)
                    pending.append(output)


def _note(wanted: WantedShape, use: Use) -> None:
    node, position = use
    if position != 0 and node.op != "Split":
        return
    if node.op == "MatMul" and not node.attr.bool("transpose_a"):
        weights = stored_shape(node.inputs[1])
        wanted.rank = 2
        _note_size(wanted, -1, weights, 1 if node.attr.bool("transpose_b") else 0)
    elif node.op in _CONVOLUTIONS and node.attr.bytes("data_format", b"NHWC") == b"NHWC":
        wanted.rank = 4
        _note_size(wanted, -1, stored_shape(node.inputs[1]), 2)
    elif node.op in _IMAGE_OPS:
        wanted.rank = 4
    elif node.op == "Unpack":
        wanted.sizes.setdefault(node.attr.int("axis"), node.attr.int("num"))
    elif node.op == "Transpose":
        order = constant_value(node.inputs[1])
        wanted.rank = wanted.rank if order is None else order.size
    elif node.op == "Reshape":
        _note_reshape(wanted, node)


def _note_size(wanted: WantedShape, axis: int, weights: Shape, place: int) -> None:
    size = weights[place] if weights is not None and place < len(weights) else None
    if size is not None:
        wanted.sizes.setdefault(axis, size)


def _note_reshape(wanted: WantedShape, node: Node) -> None:
    found = constant_value(node.inputs[1])
    sizes = [] if found is None or found.dtype.kind != "i" else found.reshape(-1).tolist()
    if not sizes or math.prod(abs(size) for size in sizes) > _LARGEST:
        return
    if -1 not in sizes:
        wanted.whole = math.prod(sizes)
    elif sizes[0] == -1 and len(sizes) > 1:
        wanted.row = math.prod(sizes[1:])
