"""Image ops of tf.contrib, TensorFlow Addons and early releases: colors changed and pixels moved."""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_FLOAT, _INT32 = type_attr(1), type_attr(3)


class AdjustContrast(OpReplacement):
    """Rewrites each AdjustContrast as Cast, AdjustContrastv2, Maximum and Minimum.

    AdjustContrast -> AdjustContrastv2: the old op converted to float32 and clipped by itself.

    Source: tensorflow/core/kernels/image/adjust_contrast_op.cc. Each channel is scaled about its mean over height and
    width, in float32, then clipped to [min_value, max_value].
    """

    name = "adjust_contrast_v2"
    ops: ClassVar = {"AdjustContrast": "AdjustContrastv2, Maximum, Minimum"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one AdjustContrast."""
        images, factor, lowest, highest = node.inputs
        if node.attr.type("T") != _FLOAT.type:
            images = build("Cast", images, SrcT=node.attrs["T"], DstT=_FLOAT)
        adjusted = build("AdjustContrastv2", images, factor, T=_FLOAT)
        build.replace(build("Minimum", build("Maximum", adjusted, lowest, T=_FLOAT), highest, T=_FLOAT))


_TO_YIQ = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
_FROM_YIQ = [[1, 0.95617069, 0.62143257], [1, -0.2726886, -0.64681324], [1, -1.103744, 1.70062309]]


class AdjustHsvInYiq(OpReplacement):
    """Rewrites each AdjustHsvInYiq on float32, the only type it had a kernel for.

    AdjustHsvInYiq -> a product of matrices: hue, saturation and value changed in the YIQ color space.

    Source: tensorflow/contrib/image/kernels/adjust_hsv_in_yiq_op.h and .cc; there are kernels for float32 only. Each
    pixel, a vector of red, green and blue, is multiplied from the left by from_yiq * change * to_yiq, where

        change = scale_v * [1, 0, 0; 0, u, -w; 0, w, u],    u = scale_s * cos(delta_h),    w = scale_s * sin(delta_h)
    """

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


_ADDONS = "Addons>"


class ImageProjectiveTransform(OpReplacement):
    """Gives each ImageProjectiveTransform the size of its images, and those of TensorFlow Addons their core name.

    ImageProjectiveTransform -> ImageProjectiveTransformV2: the size of the output was that of the images.

    Source: tensorflow/contrib/image/kernels/image_ops.h. Outside of an image all is 0, as in V2 with its default
    `fill_mode`, CONSTANT. In 1.0 there was no `interpolation`: it used the nearest pixel. TensorFlow Addons has V2 and
    V3 under names of its own, with the inputs and attributes of the core ops.
    """

    name = "image_projective_transform_v2"
    ops: ClassVar = {
        "ImageProjectiveTransform": "ImageProjectiveTransformV2",
        **{f"{_ADDONS}{op}": op for op in ("ImageProjectiveTransformV2", "ImageProjectiveTransformV3")},
    }
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        if node.op == "ImageProjectiveTransform":
            images, transforms = node.inputs
            shape = build("Shape", images, T=node.attrs["dtype"], out_type=_INT32)
            rows_and_columns = [build.constant(numbers, "int32") for numbers in ([1], [2])]
            size = build("Slice", shape, *rows_and_columns, T=_INT32, Index=_INT32)
            node.set_inputs([images, transforms, size])
            node.attrs.setdefault("interpolation", bytes_attr("NEAREST"))
        node.op = self.ops[node.op]
