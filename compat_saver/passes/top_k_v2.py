"""TopK -> TopKV2: `k` was an attribute and is an input."""

from __future__ import annotations

from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build


class TopKV2(Pass):
    """Gives each TopK its k as a constant input."""

    name = "top_k_v2"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every TopK."""
        count = 0
        for node in graph:
            if node.op == "TopK":
                k = Build(graph, node).constant(node.attr.int("k"), "int32")
                node.set_inputs([*node.inputs, k])
                node.op = "TopKV2"
                del node.attrs["k"]
                count += 1
        return Rewrite(self.name, count, f"{count:,} ops")
