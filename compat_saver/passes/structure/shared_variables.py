"""Variables that share a name share their value: one node stands for them.

A session keeps the value of a variable under its `shared_name`, or else under the name of its node, and per container.
Two nodes with one such name are one variable, of which a saver stores one.
"""

from __future__ import annotations

from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, VARIABLE_OPS
from compat_saver.passes.base import Pass, Rewrite


class SharedVariables(Pass):
    """Makes all that uses a variable of a name use the first of that name: the one whose node has it, if one does."""

    name = "shared_variables"

    def apply(self, graph: Graph) -> Rewrite:
        """Redirects the uses of all others; they are left without any."""
        by_name: dict[tuple[bytes, str], list[Node]] = {}
        for node in graph:
            if node.op in ANY_VARIABLE_OPS:
                shared = node.attr.text("shared_name") or node.name
                by_name.setdefault((node.attr.bytes("container"), shared), []).append(node)
        count = 0
        for (_, name), nodes in by_name.items():
            first = next((node for node in nodes if node.name == name), nodes[0])
            for other in nodes:
                if other is not first and (other.op in VARIABLE_OPS) == (first.op in VARIABLE_OPS):
                    other.output().replace_uses(first.output())
                    count += 1
        return Rewrite(self.name, count, f"{count:,} variables that are another one")
