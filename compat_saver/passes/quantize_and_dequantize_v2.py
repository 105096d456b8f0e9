"""QuantizeAndDequantize -> QuantizeAndDequantizeV2: the range was two attributes and is two inputs."""

from __future__ import annotations

from compat_saver import dtypes
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build

_RANGE = ("input_min", "input_max")


class QuantizeAndDequantizeV2(Pass):
    """Gives each such op its range as constant inputs."""

    name = "quantize_and_dequantize_v2"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every such op."""
        count = 0
        for node in graph:
            if node.op != "QuantizeAndDequantize":
                continue
            build, dtype = Build(graph, node), dtypes.name_of(node.attr.type("T"))
            limits = [node.attrs.pop(name, None) for name in _RANGE]
            values = [build.constant(0.0 if item is None else item.f, dtype) for item in limits]
            node.set_inputs([*node.inputs, *values])
            node.op += "V2"
            count += 1
        return Rewrite(self.name, count, f"{count:,} ops")
