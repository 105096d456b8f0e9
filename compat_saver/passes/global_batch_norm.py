"""BatchNormWithGlobalNormalization -> plain arithmetic: deprecated at GraphDef version 9.

Source: tensorflow/core/kernels/batch_norm_op.h. With t the input, m the mean, v the variance, b beta and g gamma:
(t - m) * (rsqrt(v + epsilon) * g) + b, where g counts only if scale_after_normalization is set.
"""

from __future__ import annotations

from compat_saver import dtypes
from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build


class GlobalBatchNorm(Pass):
    """Rewrites each BatchNormWithGlobalNormalization."""

    name = "global_batch_norm"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every such op."""
        found = [node for node in graph if node.op == "BatchNormWithGlobalNormalization"]
        for node in found:
            _rewrite(graph, node)
        return Rewrite(self.name, len(found), f"{len(found):,} ops")


def _rewrite(graph: Graph, node: Node) -> None:
    build, dtype = Build(graph, node), node.attrs["T"]
    values, mean, variance, beta, gamma = node.inputs
    epsilon = build.constant(node.attrs["variance_epsilon"].f, dtypes.name_of(dtype.type))
    scale = build("Rsqrt", build("Add", variance, epsilon, T=dtype), T=dtype)
    if node.attr.bool("scale_after_normalization"):
        scale = build("Mul", scale, gamma, T=dtype)
    centred = build("Sub", values, mean, T=dtype)
    build.replace(build("Add", build("Mul", centred, scale, T=dtype), beta, T=dtype))
