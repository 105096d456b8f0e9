"""PeriodicResample, PeriodicResampleOpGrad -> Gather, ScatterNd: one dimension distributed over the others.

Source: tensorflow/contrib/periodic_resample/kernels/periodic_resample_op.h. An attribute gives the shape of the output,
in which one dimension is below 1: it shrinks to what is left. Any other dimension d grows by the factor
f[d] = ceil(new[d] / old[d]); f is 1 for the one that shrinks. Position p of the output holds the value from

    p[d] / f[d]    in each dimension d, and additionally, in the one that shrinks, to which new[shrinks] are left,
    new[shrinks] * sum over d of (p[d] % f[d]) * f[0] * ... * f[d - 1]    further on

Where old[d] * f[d] is not new[d], that can be beyond the end of the dimension. The old op read on in the flattened
values, and so does the new one. Beyond their end the old one read arbitrary memory; the new one fails.
"""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT64 = type_attr(9)


class PeriodicResample(OpReplacement):
    """Rewrites each such op by computing where in the flattened old values each new one comes from."""

    name = "periodic_resample"
    ops: ClassVar = {
        "PeriodicResample": "UnravelIndex, Gather and others",
        "PeriodicResampleOpGrad": "UnravelIndex, ScatterNd and others",
    }

    def applies_to(self, node: Node) -> bool:
        """Rewrites nodes that request exactly one dimension to shrink."""
        return sum(size < 1 for size in _requested(node)) == 1

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        (values,) = node.inputs
        dtype = node.attrs["T"]
        flat = build("Reshape", values, build.constant([-1], "int64"), T=dtype, Tshape=_INT64)
        if node.op == "PeriodicResample":
            old_shape = build("Shape", values, T=dtype, out_type=_INT64)
            shape, sources = _shape_and_sources(build, old_shape, _requested(node))
            result = build("Gather", flat, sources, Tparams=dtype, Tindices=_INT64)
        else:
            shape = build.constant(_sizes(node, "original_shape"), "int64")
            _, sources = _shape_and_sources(build, shape, _requested(node))
            places = build("ExpandDims", sources, build.constant(1, "int32"), T=_INT64)
            size = build("Prod", shape, build.constant([0], "int32"), T=_INT64, keep_dims=True)
            result = build("ScatterNd", places, flat, size, T=dtype, Tindices=_INT64)
        build.replace(build("Reshape", result, shape, T=dtype, Tshape=_INT64))


def _requested(node: Node) -> list[int]:
    return _sizes(node, "shape" if node.op == "PeriodicResample" else "desired_shape")


def _sizes(node: Node, name: str) -> list[int]:
    return [-1 if size is None else size for size in node.attr.shape(name) or ()]


def _shape_and_sources(build: Build, old: Value, requested: list[int]) -> tuple[Value, Value]:
    """Returns the new shape, and for each of the new values, flattened, its index in the old ones, flattened."""
    op = functools.partial(build, T=_INT64)
    number = functools.partial(build.constant, dtype="int64")
    first_axis = build.constant(0, "int32")

    def product(shape: Value) -> Value:
        return op("Prod", shape, first_axis)

    def combined(weights: Value, places: Value) -> Value:
        column = op("ExpandDims", weights, build.constant(1, "int32"))
        return op("Sum", op("Mul", column, places), first_axis)

    grown = number([max(size, 1) for size in requested])
    left = op("FloorDiv", product(old), product(grown))
    new = op("SelectV2", build.constant([size < 1 for size in requested], "bool"), left, grown)
    factors = op("FloorDiv", op("Sub", op("AddV2", new, old), number(1)), old)
    strides = op("Cumprod", old, first_axis, exclusive=True, reverse=True)
    shrinks = build.constant([size < 1 for size in requested].index(True), "int32")
    jump = op("Mul", left, build("Gather", strides, shrinks, Tparams=_INT64, Tindices=type_attr(3)))
    jumps = op("Mul", jump, op("Cumprod", factors, first_axis, exclusive=True, reverse=False))

    everything = build("Range", number(0), product(new), number(1), Tidx=_INT64)
    places = build("UnravelIndex", everything, new, Tidx=_INT64)
    by_factor = op("ExpandDims", factors, build.constant(1, "int32"))
    whole, rest = op("FloorDiv", places, by_factor), op("FloorMod", places, by_factor)
    return new, op("AddV2", combined(strides, whole), combined(jumps, rest))
