"""Takes out what tied the graph to the machine that wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite

_CLASS = "_class"  # colocation: "loc:@other/node"
_OUTPUT_SHAPES = (
    "_output_shapes"  # what the writer's shape functions said; today's may contradict it and stop the import
)
_TIED = (_CLASS, _OUTPUT_SHAPES)


class DropPlacement(Pass):
    """Removes devices, colocations and recorded output shapes; none of them changes what is computed."""

    name = "drop_placement"

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node."""
        devices = colocations = shapes = 0
        for node in graph:
            devices += bool(node.device)
            node.device = ""
            colocations += node.attrs.pop(_CLASS, None) is not None
            shapes += node.attrs.pop(_OUTPUT_SHAPES, None) is not None
        detail = f"{devices:,} devices, {colocations:,} colocations, {shapes:,} recorded shapes"
        return Rewrite(self.name, devices + colocations + shapes, detail)

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Nothing of it is left."""
        for node in graph:
            if node.device or any(name in node.attrs for name in _TIED):
                yield f"{node.name} is still placed"
