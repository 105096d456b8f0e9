"""Walks through a graph: what a value depends on, where it comes from, which nodes are in loops and branches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ENTER_OPS, EXIT_OPS, MERGE_OPS, SWITCH_OPS


def needed_from(outputs: Iterable[Value], inputs: Collection[Value] = ()) -> set[Node]:
    """Returns all that some values depend on, over data and control edges, up to values that are given.

    Args:
        outputs: the values to start at.
        inputs: the values to stop at.
    """
    found = {value.node for value in outputs if value not in inputs}
    pending = list(found)
    while pending:
        node = pending.pop()
        before = [value.node for value in node.inputs if value not in inputs]
        for other in (*before, *node.control_inputs):
            if other not in found:
                found.add(other)
                pending.append(other)
    return found


def spread(starts: Iterable[Node], edges: Mapping[Node, Sequence[Node]], borders: Collection[Node] = ()) -> set[Node]:
    """Returns some nodes and all that edges lead to from them, not beyond some borders nor onto them."""
    found = set(starts)
    pending = list(found)
    while pending:
        for node in edges.get(pending.pop(), ()):
            if node not in found and node not in borders:
                found.add(node)
                pending.append(node)
    return found


def downstream(nodes: Iterable[Node], stops: Callable[[Node], bool] = lambda node: False) -> set[Node]:
    """Returns some nodes and what is computed from them, over data edges.

    Args:
        nodes: the nodes to start at.
        stops: whether the walk leads no further, and not onto a node.
    """
    found = set(nodes)
    pending = list(found)
    while pending:
        for value in pending.pop().used_outputs:
            readers = {use.node for use in value.uses if use.node not in found and not stops(use.node)}
            found |= readers
            pending += readers
    return found


def needed_by(roots: Sequence[Node]) -> dict[Node, int]:
    """Returns every node that a root needs, over data and control edges, with the roots that need it, themselves too.

    One walk for all, where the ancestors of each would be a walk each.

    Args:
        roots: the nodes to start at.

    Returns:
        Node -> a number in which bit i stands for root number i.
    """
    order = _users_first(roots)
    place = {node: number for number, node in enumerate(order)}
    bits = dict.fromkeys(order, 0)
    for number, root in enumerate(roots):
        bits[root] |= 1 << number
    unsettled = True
    while unsettled:  # again only where a loop leads back to what was passed already
        unsettled = False
        for node in order:
            for other in _inputs(node):
                if bits[node] & ~bits[other]:
                    bits[other] |= bits[node]
                    unsettled = unsettled or place[other] <= place[node]
    return bits


def _users_first(roots: Sequence[Node]) -> list[Node]:
    """Returns the roots and all they need, each before what it needs, but for edges that lead back in a loop."""
    order: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        path = [] if root in seen else [(root, _inputs(root))]
        seen.add(root)
        while path:
            node, rest = path[-1]
            other = next((item for item in rest if item not in seen), None)
            if other is None:
                order.append(node)
                path.pop()
            else:
                seen.add(other)
                path.append((other, _inputs(other)))
    order.reverse()
    return order


def _inputs(node: Node) -> Iterator[Node]:
    yield from (value.node for value in node.inputs)
    yield from node.control_inputs


# ---- where a value comes from


def origin(value: Value, carriers: Collection[str]) -> Value:
    """Returns where a value comes from, looked at through ops of the given names.

    A damaged graph may go around in a circle; the walk ends where it would start again.
    """
    seen = set()
    while value.node.op in carriers and value.node.inputs and value not in seen:
        seen.add(value)
        value = value.node.inputs[0]
    return value


# ---- nodes in v1 loops and conds: no session can fetch them, or not always


_LOOP_STEPS = {**dict.fromkeys(ENTER_OPS, 1), **dict.fromkeys(EXIT_OPS, -1)}
# Deeper than any program nests; ends the walk in a damaged graph that goes around without a NextIteration.
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
