"""CompareAndBitpack -> Greater and sums of powers of two: eight comparisons in a byte, the first in its highest bit.

Source: tensorflow/core/kernels/compare_and_bitpack_op.cc. The last dimension is a multiple of eight and becomes an
eighth; booleans are taken as they are, whatever the threshold.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_BOOL, _INT32, _UINT8 = (type_attr(dtypes.by_name(name).number) for name in ("bool", "int32", "uint8"))


class CompareAndBitpack(Successor):
    """Rewrites each such op."""

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
