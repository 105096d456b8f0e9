"""BatchNormWithGlobalNormalization and its gradient -> plain arithmetic: deprecated at GraphDef version 9."""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT32 = type_attr(3)


class BatchNormWithGlobalNormalization(OpReplacement):
    """Rewrites each BatchNormWithGlobalNormalization.

    BatchNormWithGlobalNormalization -> plain arithmetic: deprecated at GraphDef version 9.

    Source: tensorflow/core/kernels/batch_norm_op.h. With t the input, m the mean, v the variance, b beta and g gamma:
    (t - m) * (rsqrt(v + epsilon) * g) + b, where g counts only if scale_after_normalization is set.
    """

    name = "global_batch_norm"
    ops: ClassVar = {"BatchNormWithGlobalNormalization": "Rsqrt, Mul, Sub, Add"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        dtype = node.attrs["T"]
        values, mean, variance, beta, gamma = node.inputs
        epsilon = build.constant(node.attrs["variance_epsilon"].f, dtypes.name_of(dtype.type))
        scale = build("Rsqrt", build("Add", variance, epsilon, T=dtype), T=dtype)
        if node.attr.bool("scale_after_normalization"):
            scale = build("Mul", scale, gamma, T=dtype)
        centered = build("Sub", values, mean, T=dtype)
        build.replace(build("Add", build("Mul", centered, scale, T=dtype), beta, T=dtype))


class BatchNormWithGlobalNormalizationGrad(OpReplacement):
    """Rewrites each BatchNormWithGlobalNormalizationGrad.

    BatchNormWithGlobalNormalizationGrad -> plain arithmetic: deprecated at GraphDef version 9.

    Source: tensorflow/core/kernels/batch_norm_op.h. With t the input, m the mean, v the variance, g gamma, b the
    output's gradient, r = rsqrt(v + epsilon) and s the sum over all but the last dimension, the five outputs are (b * r
    * g, -s(b) * r * g, s(b * (t - m)) * -r * g / (2 * (v + epsilon)), s(b), s(b * (t - m)) * r). Where
    scale_after_normalization is not set, g counts as 1 and its gradient is 0.
    """

    name = "global_batch_norm_grad"
    ops: ClassVar = {"BatchNormWithGlobalNormalizationGrad": "Rsqrt, Mul, Sub, Add, Div, Neg, Sum"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        dtype = node.attrs["T"]

        def calculate(op: str, *values: Value) -> Value:
            return build(op, *values, T=dtype)

        def constant(value: float) -> Value:
            return build.constant(value, dtypes.name_of(dtype.type))

        def total(value: Value) -> Value:
            return build("Sum", value, build.constant([0, 1, 2], "int32"), T=dtype, Tidx=_INT32, keep_dims=False)

        values, mean, variance, gamma, backprop = node.inputs
        shifted = calculate("Add", variance, constant(node.attrs["variance_epsilon"].f))
        root = calculate("Rsqrt", shifted)
        along = total(calculate("Mul", backprop, calculate("Sub", values, mean)))
        to_beta = total(backprop)
        if node.attr.bool("scale_after_normalization"):
            scale, to_gamma = calculate("Mul", root, gamma), calculate("Mul", along, root)
        else:
            scale, to_gamma = root, calculate("ZerosLike", gamma)
        halved = calculate("Div", calculate("Mul", scale, constant(-0.5)), shifted)
        build.replace(
            calculate("Mul", backprop, scale),
            calculate("Neg", calculate("Mul", to_beta, scale)),
            calculate("Mul", along, halved),
            to_beta,
            to_gamma,
        )
