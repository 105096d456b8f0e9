"""AdjustHsvInYiq -> a product of matrices: hue, saturation and value changed in the YIQ color space.

Source: tensorflow/contrib/image/kernels/adjust_hsv_in_yiq_op.h and .cc; there are kernels for float32 only. Each pixel,
a vector of red, green and blue, is multiplied from the left by from_yiq * change * to_yiq, where

    change = scale_v * [1, 0, 0; 0, u, -w; 0, w, u],    u = scale_s * cos(delta_h),    w = scale_s * sin(delta_h)
"""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_FLOAT, _INT32 = type_attr(1), type_attr(3)
_TO_YIQ = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
_FROM_YIQ = [[1, 0.95617069, 0.62143257], [1, -0.2726886, -0.64681324], [1, -1.103744, 1.70062309]]


class AdjustHsvInYiq(Successor):
    """Rewrites each AdjustHsvInYiq on float32, the only type it had a kernel for."""

    name = "adjust_hsv_in_yiq"
    ops: ClassVar = dict.fromkeys(("AdjustHsvInYiq", "Addons>AdjustHsvInYiq"), "MatMul, BatchMatMulV2 and others")
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Rewrites what had a kernel."""
        return bool(node.attr.type("T") == _FLOAT.type)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one AdjustHsvInYiq."""
        images, delta_h, scale_s, scale_v = node.inputs
        op = functools.partial(build, T=_FLOAT)
        scale = op("Mul", scale_v, scale_s)
        u, w = op("Mul", scale, op("Cos", delta_h)), op("Mul", scale, op("Sin", delta_h))
        zero = build.constant(0, "float32")
        row_by_row = op("Pack", scale_v, zero, zero, zero, u, op("Neg", w), zero, w, u, N=9, axis=0)
        change = op("Reshape", row_by_row, build.constant([3, 3], "int32"), Tshape=_INT32)
        matrix = op("MatMul", build.constant(_FROM_YIQ, "float32"), change)
        matrix = op("MatMul", matrix, build.constant(_TO_YIQ, "float32"))
        build.replace(op("BatchMatMulV2", images, matrix, adj_y=True))  # rows times its transpose
