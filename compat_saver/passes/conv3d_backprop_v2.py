"""Conv3DBackpropInput, Conv3DBackpropFilter -> V2: they took a whole tensor where only its shape counts.

A transposed 3-D convolution is a Conv3DBackpropInput, so these are not of training alone.
"""

from __future__ import annotations

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build

_SIZED_INPUT = {"Conv3DBackpropInput": 0, "Conv3DBackpropFilter": 1}
_INT32 = type_attr(3)


class Conv3DBackpropV2(Pass):
    """Gives each such op the shape of the tensor it took."""

    name = "conv3d_backprop_v2"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every such op."""
        count = 0
        for node in graph:
            index = _SIZED_INPUT.get(node.op)
            if index is None:
                continue
            sized = node.inputs[index]
            node.replace_input(index, Build(graph, node)("Shape", sized, T=node.attrs["T"], out_type=_INT32))
            node.op += "V2"
            count += 1
        return Rewrite(self.name, count, f"{count:,} ops")
