"""Values compared with boundaries and thresholds: the ops that bucketize, and CompareAndBitpack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import Message

_FLOAT, _INT32, _BOOL, _UINT8 = (
    type_attr(dtypes.by_name(name).number) for name in ("float32", "int32", "bool", "uint8")
)


class Bucketize(OpReplacement):
    """Rewrites each of the two ops.

    BucketizeWithInputBoundaries, BoostedTreesBucketize -> UpperBound, LowerBound: in which bucket each value falls.

    Two cases, which differ at a boundary itself and behind the last one:

    1. BucketizeWithInputBoundaries, of tf.contrib.boosted_trees and used by tensorflow-transform: a bucket starts with
       its boundary, and there is one more bucket than boundaries. The float boundaries are converted to the type of the
       values, toward zero for integers.
    2. BoostedTreesBucketize: a bucket ends with its boundary, and what is greater than all is in the last one too. The
       values of a feature are a vector, in 1.12 a matrix of one column.

    Source: tensorflow/contrib/boosted_trees/kernels/quantile_ops.cc,
    tensorflow/core/kernels/boosted_trees/quantile_ops.cc.
    """

    name = "bounds"
    ops: ClassVar = {
        "BucketizeWithInputBoundaries": "UpperBound",
        "BoostedTreesBucketize": "LowerBound, Minimum, Maximum",
    }

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        if node.op == "BucketizeWithInputBoundaries":
            build.replace(_buckets_from_boundaries(node, build))  # case 1
        else:
            build.replace(*_buckets_up_to_boundaries(node, build))  # case 2


def _buckets_from_boundaries(node: Node, build: Build) -> Value:
    values, boundaries = node.inputs
    dtype = node.attrs["T"]
    if dtype != _FLOAT:
        boundaries = build("Cast", boundaries, SrcT=_FLOAT, DstT=dtype)
    return _search("UpperBound", boundaries, values, dtype, build)


def _buckets_up_to_boundaries(node: Node, build: Build) -> Iterator[Value]:
    """Yields the bucket numbers of each feature; where there are no boundaries, 0."""
    count = len(node.inputs) // 2
    zero, one = build.constant(0, "int32"), build.constant(1, "int32")
    for values, boundaries in zip(node.inputs[:count], node.inputs[count:], strict=False):
        index = _search("LowerBound", boundaries, values, _FLOAT, build)
        size = build("Size", boundaries, T=_FLOAT, out_type=_INT32)
        bounded = build("Minimum", index, build("Sub", size, one, T=_INT32), T=_INT32)
        yield build("Maximum", bounded, zero, T=_INT32)


def _search(op: str, boundaries: Value, values: Value, dtype: Message, build: Build) -> Value:
    """Adds a search, which takes and returns rows; here there is one, and its shape is made that of the values."""
    row = build.constant([1, -1], "int32")
    rows = [build("Reshape", value, row, T=dtype, Tshape=_INT32) for value in (boundaries, values)]
    found = build(op, *rows, T=dtype, out_type=_INT32)
    return build("Reshape", found, build("Shape", values, T=dtype, out_type=_INT32), T=_INT32, Tshape=_INT32)


class CompareAndBitpack(OpReplacement):
    """Rewrites each such op.

    CompareAndBitpack -> Greater and sums of powers of two: eight comparisons in a byte, the first in its highest bit.

    Source: tensorflow/core/kernels/compare_and_bitpack_op.cc. The last dimension is a multiple of eight and becomes an
    eighth; booleans are taken as they are, whatever the threshold.
    """

    name = "compare_and_bitpack"
    ops: ClassVar = {"CompareAndBitpack": "Greater, Mul, Sum and others"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        bits, threshold = node.inputs
        if node.attrs["T"] != _BOOL:
            bits = build("Greater", bits, threshold, T=node.attrs["T"])
        shape = build("Shape", bits, T=_BOOL, out_type=_INT32)
        rank = build("Rank", bits, T=_BOOL)
        one, eight = build.constant(1, "int32"), build.constant(8, "int32")
        divisors = build("OneHot", build("Sub", rank, one, T=_INT32), rank, eight, one, T=_INT32, TI=_INT32, axis=-1)
        packed_shape = build("FloorDiv", shape, divisors, T=_INT32)

        rows = build("Reshape", bits, build.constant([-1, 8], "int32"), T=_BOOL, Tshape=_INT32)
        powers = build.constant([128, 64, 32, 16, 8, 4, 2, 1], "int32")
        values = build("Mul", build("Cast", rows, SrcT=_BOOL, DstT=_INT32), powers, T=_INT32)
        sums = build("Sum", values, one, T=_INT32, Tidx=_INT32, keep_dims=False)
        bytes_ = build("Cast", sums, SrcT=_INT32, DstT=_UINT8)
        build.replace(build("Reshape", bytes_, packed_shape, T=_UINT8, Tshape=_INT32))
