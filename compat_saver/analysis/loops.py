"""Which nodes lie inside a v1 while loop: they have a value per iteration, and no session can fetch them."""

from __future__ import annotations

from compat_saver.graph.ir import Graph, Node

_STEPS = {"Enter": 1, "RefEnter": 1, "Exit": -1, "RefExit": -1}
# Deeper than people nest; ends the walk in a damaged graph that goes around without a NextIteration.
_DEEPEST = 64


def nodes_in_loops(graph: Graph) -> set[Node]:
    """Returns the nodes from each Enter up to the Exit that leaves the outermost loop."""
    depths: dict[Node, int] = {}
    pending = [(node, 0) for node in graph if _STEPS.get(node.op) == 1]
    while pending:
        node, depth = pending.pop()
        depth = min(depth + _STEPS.get(node.op, 0), _DEEPEST)
        if depth > depths.get(node, 0):
            depths[node] = depth
            users = [use.node for value in node.used_outputs for use in value.uses]
            pending += [(user, depth) for user in (*users, *node.control_uses)]
    return set(depths)
