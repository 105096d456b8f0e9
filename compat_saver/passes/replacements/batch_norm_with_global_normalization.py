"""BatchNormWithGlobalNormalization -> plain arithmetic: deprecated at GraphDef version 9.

Source: tensorflow/core/kernels/batch_norm_op.h. With t the input, m the mean, v the variance, b beta and g gamma:
(t - m) * (rsqrt(v + epsilon) * g) + b, where g counts only if scale_after_normalization is set.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor


class GlobalBatchNorm(Successor):
    """Rewrites each BatchNormWithGlobalNormalization."""

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
        centred = build("Sub", values, mean, T=dtype)
        build.replace(build("Add", build("Mul", centred, scale, T=dtype), beta, T=dtype))
