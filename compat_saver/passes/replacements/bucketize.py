"""BucketizeWithInputBoundaries, BoostedTreesBucketize -> UpperBound, LowerBound: in which bucket each value falls.

Two cases, which differ at a boundary itself and behind the last one:

1. BucketizeWithInputBoundaries, of tf.contrib.boosted_trees and used by tensorflow-transform: a bucket begins with its
   boundary, and there is one more bucket than boundaries. The float boundaries are converted to the type of the values,
   toward zero for integers.
2. BoostedTreesBucketize: a bucket ends with its boundary, and what is greater than all is in the last one too. The
   values of a feature are a vector, in 1.12 a matrix of one column.

Source: tensorflow/contrib/boosted_trees/kernels/quantile_ops.cc, tensorflow/core/kernels/boosted_trees/quantile_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor
from compat_saver.proto.messages import Message

_FLOAT, _INT32 = (type_attr(dtypes.by_name(name).number) for name in ("float32", "int32"))


class Bounds(Successor):
    """Rewrites each of the two ops."""

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
