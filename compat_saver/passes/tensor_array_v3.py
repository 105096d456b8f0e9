"""TensorArrayV2 -> TensorArrayV3: what dynamic_rnn of TensorFlow 0.12 writes, and functions no longer run.

The V2 ops pass their handle as a string and are deprecated at GraphDef version 26. V3 passes a resource; the ops take
the same inputs in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver import dtypes
from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.retype import retype_carriers

_MAKERS = {"TensorArrayV2": "TensorArrayV3", "TensorArrayGradV2": "TensorArrayGradV3"}
_USERS = {
    f"TensorArray{verb}V2": f"TensorArray{verb}V3"
    for verb in ("Write", "Read", "Gather", "Scatter", "Concat", "Split", "Size", "Close")
}
_RESOURCE = dtypes.by_name("resource").number


class TensorArrayV3(Pass):
    """Renames the V2 ops, and makes all that carries their handles carry a resource."""

    name = "tensor_array_v3"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every TensorArray."""
        count = 0
        for node in graph:
            if node.op in _MAKERS:
                node.op = _MAKERS[node.op]
                retype_carriers(node.output(), _RESOURCE)
                count += 1
            elif node.op in _USERS:
                node.op = _USERS[node.op]
                count += 1
        return Rewrite(self.name, count, f"{count:,} ops")

    def ensures(self, graph: Graph) -> Iterator[str]:
        """No V2 op is left."""
        yield from (f"{node.name} is {node.op}" for node in graph if _is_old(node))


def _is_old(node: Node) -> bool:
    return node.op in _MAKERS or node.op in _USERS
