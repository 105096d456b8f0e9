"""ResizeNearestNeighbor of TensorFlow 0.12 to 1.1: with align_corners it used the pixel before, not the nearest one.

Row y of the result is row min(floor(y * scale), height - 1) of the image, scale being (height - 1) / (new height - 1)
in float32; columns alike. Since 1.2 y * scale is rounded (tensorflow/core/kernels/resize_nearest_neighbor_op.cc).
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import LegacyBehavior

_FLOAT, _INT32 = type_attr(1), type_attr(3)


class LegacyResizeNearestNeighbor(LegacyBehavior):
    """Gathers the rows and columns that the old kernel used; the gradient goes to the same ones, as the old one did."""

    name = "nearest_neighbor_then"
    ops: ClassVar = {"ResizeNearestNeighbor": "GatherV2 of rows and of columns, floor instead of round"}
    until: ClassVar = {"ResizeNearestNeighbor": 22}

    def applies_to(self, node: Node) -> bool:
        """Whether corners are aligned; else nothing changed."""
        return node.attr.bool("align_corners")

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        image, size = node.inputs
        dtype = node.attrs["T"]
        shape = build("Shape", image, T=dtype, out_type=_INT32)
        for number, axis in enumerate((1, 2)):
            old, new = _element(shape, axis, build), _element(size, number, build)
            image = build(
                "GatherV2",
                *(image, _taken(old, new, build), build.constant(axis, "int32")),
                **{"Tparams": dtype, "Tindices": _INT32, "Taxis": _INT32},
            )
        build.replace(image)


def _taken(old: Value, new: Value, build: Build) -> Value:
    """The rows to take, of shape [new]."""
    zero, one = build.constant(0, "int32"), build.constant(1, "int32")
    last = build("Sub", old, one, T=_INT32)
    # A single new row is row 0, whatever the scale.
    steps = build("Maximum", build("Sub", new, one, T=_INT32), one, T=_INT32)
    scale = build("RealDiv", _as_float(last, build), _as_float(steps, build), T=_FLOAT)
    rows = _as_float(build("Range", zero, new, one, Tidx=_INT32), build)
    before = build("Floor", build("Mul", rows, scale, T=_FLOAT), T=_FLOAT)
    return build("Minimum", build("Cast", before, SrcT=_FLOAT, DstT=_INT32), last, T=_INT32)


def _as_float(value: Value, build: Build) -> Value:
    return build("Cast", value, SrcT=_INT32, DstT=_FLOAT)


def _element(vector: Value, index: int, build: Build) -> Value:
    where, axis = build.constant(index, "int32"), build.constant(0, "int32")
    return build("GatherV2", vector, where, axis, Tparams=_INT32, Tindices=_INT32, Taxis=_INT32)
