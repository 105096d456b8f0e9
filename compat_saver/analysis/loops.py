"""Which nodes lie inside a v1 while loop or a branch of a cond: no session can fetch them, or not always."""

from __future__ import annotations

from collections.abc import Callable, Collection

from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_sets import ENTER_OPS, EXIT_OPS, MERGE_OPS, SWITCH_OPS

_LOOP_STEPS = {**dict.fromkeys(ENTER_OPS, 1), **dict.fromkeys(EXIT_OPS, -1)}
# Deeper than people nest; ends the walk in a damaged graph that goes around without a NextIteration.
_DEEPEST = 64


def nodes_in_loops(graph: Graph) -> set[Node]:
    """Returns the nodes from each Enter up to the Exit of the outermost loop: they have a value per iteration."""
    return _inside(graph, lambda node: _LOOP_STEPS.get(node.op, 0), over_control_edges=True)


def nodes_in_branches(graph: Graph, in_loops: Collection[Node]) -> set[Node]:
    """Returns the nodes from each Switch up to the Merge of the outermost cond: of two branches one has no values.

    Args:
        graph: the whole graph.
        in_loops: the nodes inside loops, whose Switch and Merge are no branches.
    """

    def step(node: Node) -> int:
        if node in in_loops:
            return 0
        return int(node.op in SWITCH_OPS and not _switches_again(node)) - (node.op in MERGE_OPS)

    return _inside(graph, step, over_control_edges=False)


def _switches_again(node: Node) -> bool:
    """Whether a Switch reads a Switch of the same cond: what a branch hands out as it came in."""
    before = node.inputs[0].node if len(node.inputs) == 2 else node
    return before.op in SWITCH_OPS and before.inputs[1:] == node.inputs[1:]


def _inside(graph: Graph, step: Callable[[Node], int], *, over_control_edges: bool) -> set[Node]:
    depths: dict[Node, int] = {}
    pending = [(node, 0) for node in graph if step(node) == 1]
    while pending:
        node, depth = pending.pop()
        depth = min(depth + step(node), _DEEPEST)
        if depth > depths.get(node, 0):
            depths[node] = depth
            pending += [(use.node, depth) for value in node.used_outputs for use in value.uses]
            pending += [(user, depth) for user in node.control_uses if over_control_edges]
    return set(depths)
