"""Takes out what tied the graph to the machine that wrote it, or to the one it was meant to run on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite

_DEVICES, _COLOCATIONS, _SHAPES, _COMPILATIONS = "devices", "colocations", "recorded shapes", "XLA scopes"
_TIES = {
    "_class": _COLOCATIONS,  # "loc:@other/node"
    "_output_shapes": _SHAPES,  # what the writer's shape functions said; today's may contradict it and stop the import
    # Wishes to be compiled, for a TPU or by a scope. Today's TensorFlow heeds them on a CPU too, and then rounds
    # otherwise, or fails: "Undeclared output of XLA computation".
    "_XlaCompile": _COMPILATIONS,
    "_XlaMustCompile": _COMPILATIONS,
    "_XlaScope": _COMPILATIONS,
    "_XlaSeparateCompiledGradients": _COMPILATIONS,
    "_tpu_replicate": _COMPILATIONS,
    "_xla_compile_id": _COMPILATIONS,
    "_xla_outside_compilation": _COMPILATIONS,
}


class DropPlacement(Pass):
    """Removes devices, colocations, recorded output shapes and XLA scopes; none of them changes what is computed."""

    name = "drop_placement"

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node."""
        dropped = Counter(dict.fromkeys((_DEVICES, _COLOCATIONS, _SHAPES), 0))
        for node in graph:
            dropped[_DEVICES] += bool(node.device)
            node.device = ""
            for name in node.attrs.keys() & _TIES.keys():
                del node.attrs[name]
                dropped[_TIES[name]] += 1
        detail = ", ".join(f"{count:,} {kind}" for kind, count in dropped.items())
        return Rewrite(self.name, dropped.total(), detail)

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Nothing of it is left."""
        yield from (f"{node.name} is still placed" for node in graph if node.device or node.attrs.keys() & _TIES.keys())
