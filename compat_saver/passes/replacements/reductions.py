"""Sums, products and extremes along an axis: TileGrad, ReduceSliceSum, -Prod, -Max, -Min."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import Message

_INT32, _INT64 = type_attr(3), type_attr(9)


class TileGrad(OpReplacement):
    """Rewrites each TileGrad.

    TileGrad -> a sum over the copies: deprecated at GraphDef version 3.

    Source: tensorflow/core/kernels/tile_ops.cc. Along each dimension the input is `multiples` copies one after the
    other, and the output their sum. With a dimension of size m * n seen as two, m copies and n entries, that is a sum
    over every other dimension.
    """

    name = "untile"
    ops: ClassVar = {"TileGrad": "Reshape, Sum"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one TileGrad."""
        dtype = node.attrs["T"]
        tiled, copies = node.inputs
        shape = build("Shape", tiled, T=dtype, out_type=_INT32)
        entries = build("FloorDiv", shape, copies, T=_INT32)
        flat = build.constant([-1], "int32")
        pairs = build("Reshape", build("Pack", copies, entries, N=2, T=_INT32, axis=1), flat, T=_INT32, Tshape=_INT32)
        count = build("Size", pairs, T=_INT32, out_type=_INT32)
        every_other = build("Range", build.constant(0, "int32"), count, build.constant(2, "int32"), Tidx=_INT32)
        seen_as_two = build("Reshape", tiled, pairs, T=dtype, Tshape=_INT32)
        build.replace(build("Sum", seen_as_two, every_other, T=dtype, Tidx=_INT32, keep_dims=False))


_SUMS = {"ReduceSliceSum": "UnsortedSegmentSum", "ReduceSliceProd": "UnsortedSegmentProd"}
_LIMITS = {"ReduceSliceMax": "SegmentMax", "ReduceSliceMin": "SegmentMin"}
# The old kernels' types; sums and products also of complex numbers.
_REAL = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16")
_COMPLEX = ("complex64", "complex128")


class ReduceSlice(OpReplacement):
    """Rewrites each such op; the axis may be a tensor that is known only when the graph runs.

    ReduceSliceSum, -Prod, -Max, -Min -> segment reductions: each slice of an axis is reduced to one element.

    Source: tensorflow/contrib/reduce_slice_ops/kernels/reduce_slice_ops.cc and .h. `indices` holds the slices, two
    cases:

    1. Shape [n, 2]: n slices from indices[i, 0] up to, not including, indices[i, 1]. They may overlap.
    2. Shape [n] or [n, 1]: n - 1 slices, each from one index up to the next.

    A slice ends with the axis at the latest. What it would take from before the axis is left out; the old op read
    arbitrary memory there. An empty slice gives 0, 1, the lowest or the highest value of the type, infinities included.
    The old Max and Min forgot a NaN unless it came last in its slice; the new ones need not.

    No release of TensorFlow 1 had gradients of these ops; the segment reductions have.

    Which elements are in which slice is found by comparing all positions of the axis with all slices. In front of each
    slice comes an element for nothing, as current reductions differ in what they return for an empty one.
    """

    name = "reduce_slice"
    ops: ClassVar = {old: f"Where, Gather, {new} and others" for old, new in {**_SUMS, **_LIMITS}.items()}

    def applies_to(self, node: Node) -> bool:
        """Rewrites what had a kernel."""
        known = _REAL + _COMPLEX if node.op in _SUMS else _REAL
        return dtypes.name_of(node.attr.type("T")) in known

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        data, indices, axis = node.inputs
        dtype = node.attrs["T"]
        op, whole = functools.partial(build, T=dtype), functools.partial(build, T=_INT64)
        number = functools.partial(build.constant, dtype="int64")
        at = whole("Reshape", axis, number([1]), Tshape=_INT64)

        shape = op("Shape", data, out_type=_INT64)
        before = whole("Slice", shape, number([0]), at, Index=_INT64)
        length = whole("Slice", shape, at, number([1]), Index=_INT64)
        after = whole("Slice", shape, whole("AddV2", at, number(1)), number([-1]), Index=_INT64)
        starts, ends = _slices(build, indices, node.attrs["Tindices"])
        count = whole("Shape", starts, out_type=_INT64)

        outer, inner = (whole("Prod", sizes, number([0]), Tidx=_INT64, keep_dims=True) for sizes in (before, after))
        stacked = op("Reshape", data, _joined(build, outer, length, inner), Tshape=_INT64)
        rows = op("Transpose", stacked, number([1, 0, 2]), Tperm=_INT64)
        nothing = build.constant(_nothing(node), dtypes.name_of(dtype.type))
        rows = op("PadV2", rows, number([[1, 0], [0, 0], [0, 0]]), nothing, Tpaddings=_INT64)

        slice_and_row = build("Where", _members(build, starts, ends, length), T=type_attr(10))
        slices, places = (whole("Unpack", slice_and_row, num=2, axis=1).node.output(i) for i in range(2))
        chosen = build("Gather", rows, places, Tparams=dtype, Tindices=_INT64)
        if node.op in _SUMS:
            size = whole("Reshape", count, build.constant([], "int64"), Tshape=_INT64)
            reduced = op(_SUMS[node.op], chosen, slices, size, Tindices=_INT64, Tnumsegments=_INT64)
        else:
            reduced = op(_LIMITS[node.op], chosen, slices, Tindices=_INT64)
        reduced = op("Transpose", reduced, number([1, 0, 2]), Tperm=_INT64)
        build.replace(op("Reshape", reduced, _joined(build, before, count, after), Tshape=_INT64))


def _joined(build: Build, *vectors: Value) -> Value:
    return build("ConcatV2", *vectors, build.constant(0, "int32"), N=len(vectors), T=_INT64, Tidx=_INT32)


def _nothing(node: Node) -> int | float:
    """Returns what an empty slice gives."""
    if node.op in _SUMS:
        return 0 if node.op == "ReduceSliceSum" else 1
    kind = dtypes.by_number(node.attr.type("T"))
    lowest, highest = (-np.inf, np.inf) if kind.is_floating else (np.iinfo(kind.numpy).min, np.iinfo(kind.numpy).max)
    return lowest if node.op == "ReduceSliceMax" else highest


def _slices(build: Build, indices: Value, dtype: Message) -> tuple[Value, Value]:
    """Returns where the slices start and where they end, two vectors."""
    whole = functools.partial(build, T=_INT64)
    number = functools.partial(build.constant, dtype="int64")
    first = whole("Slice", build("Shape", indices, T=dtype, out_type=_INT64), number([0]), number([1]), Index=_INT64)
    indices = build("Cast", indices, SrcT=dtype, DstT=_INT64)
    flat = whole("Reshape", indices, number([-1]), Tshape=_INT64)
    are_pairs = whole("Less", first, whole("Shape", flat, out_type=_INT64))
    step = whole("SelectV2", are_pairs, number(2), number(1))
    # flat[:-1:step] and flat[1::step]: the starts and ends of pairs, or all but the last index and all but the first
    starts = whole("StridedSlice", flat, number([0]), number([-1]), step, Index=_INT64)
    ends = whole("StridedSlice", flat, number([1]), number([0]), step, Index=_INT64, end_mask=1)
    return starts, ends


def _members(build: Build, starts: Value, ends: Value, length: Value) -> Value:
    """Returns which rows are in which slice, [slices, 1 + length]; the first row is in all of them."""
    whole = functools.partial(build, T=_INT64)
    number = functools.partial(build.constant, dtype="int64")
    length = whole("Reshape", length, number([]), Tshape=_INT64)
    positions = build("Range", number(0), length, number(1), Tidx=_INT64)
    starts, ends = (whole("ExpandDims", side, number(1), Tdim=_INT64) for side in (starts, ends))
    inside = build("LogicalAnd", whole("LessEqual", starts, positions), whole("Less", positions, ends))
    paddings, true = number([[0, 0], [1, 0]]), build.constant(True, "bool")
    return build("PadV2", inside, paddings, true, T=type_attr(10), Tpaddings=_INT64)
