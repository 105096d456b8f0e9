"""TileGrad -> a sum over the copies: deprecated at GraphDef version 3.

Source: tensorflow/core/kernels/tile_ops.cc. Along each dimension the input is `multiples` copies one after the other,
and the output their sum. With a dimension of size m * n seen as two, m copies and n entries, that is a sum over every
other dimension.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_INT32 = type_attr(3)


class Untile(Successor):
    """Rewrites each TileGrad."""

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
