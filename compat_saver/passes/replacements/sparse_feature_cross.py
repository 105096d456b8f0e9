"""SparseFeatureCross, SparseFeatureCrossV2 -> SparseCross: the crossed columns of tf.contrib.layers.

Source: tensorflow/contrib/layers/kernels/sparse_feature_cross_kernel.cc. For each row the op makes every combination
of one feature per column, the last column running fastest. Three cases, by what it makes of a combination:

1. SparseFeatureCrossV2: text, or a hash that starts from `hash_key`. SparseCross is the same op under a new name.
2. SparseFeatureCross with text: the features with "_X_" between them, as SparseCross.
3. SparseFeatureCross with hashes, what `crossed_column` requests without a `hash_key`: they are combined in
   a way that no current op implements. SparseCross still gives the combinations; their hashes are
   computed from their numbers, in 64 bits that wrap around.

The features of a sparse column must be sorted by row, as those of every SparseTensor that TensorFlow makes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from compat_saver import dtypes
from compat_saver.graph.attributes import int_attr, type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT64, _UINT8, _UINT64, _STRING = (
    type_attr(dtypes.by_name(name).number) for name in ("int64", "uint8", "uint64", "string")
)
_SEED = 0xDECAFCAFFE
_ADDEND = 0x9E3779B97F4A7800 - (1 << 64)  # as a signed number
_MOST_BUCKETS = (1 << 63) - 1


class SparseFeatureCross(OpReplacement):
    """Rewrites each of the two old ops."""

    name = "sparse_cross"
    ops: ClassVar = {
        "SparseFeatureCross": "SparseCross, with hashes made of BitwiseXor, LeftShift, RightShift and others",
        "SparseFeatureCrossV2": "SparseCross",
    }

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        if node.op == "SparseFeatureCross" and node.attrs["out_type"] == _INT64:
            _Hashes(node, build).rewrite()  # case 3
        else:
            node.op = "SparseCross"
            node.attrs.setdefault("hash_key", int_attr(0))


class _Column(NamedTuple):
    """A column: the hashes of all its features, row after row; for each row, how many it has and where they start."""

    hashes: Value
    counts: Value
    starts: Value


class _Hashes:
    """Rewrites a SparseFeatureCross with hashes; the tensors it makes are int64 unless noted."""

    def __init__(self, node: Node, build: Build) -> None:
        self._node = node
        self._build = build
        self._op = functools.partial(build, T=_INT64)
        self._number = functools.partial(build.constant, dtype="int64")
        self._zero = build.constant(0, "int32")

    def rewrite(self) -> None:
        """Puts the crosses in the op's place."""
        crossed = self._build("SparseCross", *self._node.inputs, **{**self._node.attrs, "hash_key": 0}).node
        row, number = self._unpack(crossed.output(0), 1)
        hashes = []
        for column in reversed(list(self._columns())):
            count = self._gather(column.counts, row)
            position = self._op("AddV2", self._gather(column.starts, row), self._op("FloorMod", number, count))
            hashes.append(self._gather(column.hashes, position))
            number = self._op("FloorDiv", number, count)
        combined = self._number(_SEED)
        for item in reversed(hashes):
            combined = self._combine(combined, item)
        self._build.replace(crossed.output(0), self._bucket(combined), crossed.output(2))

    def _columns(self) -> Iterator[_Column]:
        """Yields the sparse columns, then the dense ones, as the op counts them."""
        count = self._node.attr.int("N")
        inputs = self._node.inputs
        indices, values, shapes = (inputs[count * part : count * (part + 1)] for part in range(3))
        types = [*self._node.attr.types("sparse_types"), *self._node.attr.types("dense_types")]
        for place, features, shape, dtype in zip(indices, values, shapes, types, strict=False):
            row, _ = self._unpack(place, 1)
            rows, _ = self._unpack(shape, 0)
            ones = self._op("OnesLike", row)
            counts = self._op("UnsortedSegmentSum", ones, row, rows, Tindices=_INT64, Tnumsegments=_INT64)
            yield self._column(features, counts, dtype)
        for features, dtype in zip(inputs[3 * count :], types[count:], strict=False):
            rows, width = self._unpack(self._build("Shape", features, T=type_attr(dtype), out_type=_INT64), 0)
            counts = self._build("Fill", self._op("ExpandDims", rows, self._zero), width, T=_INT64, index_type=_INT64)
            yield self._column(features, counts, dtype)

    def _column(self, features: Value, counts: Value, dtype: int) -> _Column:
        flat = self._build("Reshape", features, self._number([-1]), T=type_attr(dtype), Tshape=_INT64)
        if type_attr(dtype) == _STRING:
            data = self._build("Fingerprint", flat, self._build.constant("farmhash64", "string"), T=_STRING)
            flat = self._build("Bitcast", data, T=_UINT8, type=_INT64)
        return _Column(flat, counts, self._op("Cumsum", counts, self._zero, exclusive=True, reverse=False))

    def _combine(self, first: Value, second: Value) -> Value:
        left = self._op("LeftShift", first, self._number(10))
        right = self._op("RightShift", first, self._number(4))
        mixed = self._op("AddV2", self._op("AddV2", second, self._number(_ADDEND)), self._op("AddV2", left, right))
        return self._op("BitwiseXor", first, mixed)

    def _bucket(self, combined: Value) -> Value:
        """Returns the remainder of a hash, which counts as unsigned here."""
        buckets = self._build.constant(self._node.attr.int("num_buckets") or _MOST_BUCKETS, "uint64")
        unsigned = self._build("Bitcast", combined, T=_INT64, type=_UINT64)
        return self._build("Bitcast", self._build("FloorMod", unsigned, buckets, T=_UINT64), T=_UINT64, type=_INT64)

    def _unpack(self, value: Value, axis: int) -> tuple[Value, Value]:
        node = self._op("Unpack", value, num=2, axis=axis).node
        return node.output(0), node.output(1)

    def _gather(self, values: Value, indices: Value) -> Value:
        return self._build("Gather", values, indices, Tparams=_INT64, Tindices=_INT64)
