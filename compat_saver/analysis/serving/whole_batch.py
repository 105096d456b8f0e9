"""Finds values that a whole batch has in common: losses, metrics and statistics."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from compat_saver.analysis.known_values import constant_value
from compat_saver.graph.ir import Node

Edges = Mapping[Node, Sequence[Node]]

REDUCTIONS = frozenset({"Sum", "Mean", "Prod", "Max", "Min", "Any", "All", "L2Loss", "EuclideanNorm"})
"""The ops that make fewer values of several."""


def whole_batch(fed: Collection[Node], sources: Edges, readers: Edges) -> set[Node]:
    """Returns the nodes with one value for the whole batch: reductions of the first axis, and what follows.

    Args:
        fed: what depends on what is fed.
        sources: node -> what it reads.
        readers: node -> what reads it.
    """
    found = {node for node in fed if _reduces_the_batch(node)}
    left: dict[Node, int] = {}
    pending = list(found)
    while pending:
        for reader in readers[pending.pop()]:
            if reader not in found and reader in fed:
                count = left.get(reader)
                left[reader] = (sum(item in fed for item in sources[reader]) if count is None else count) - 1
                if left[reader] == 0:
                    found.add(reader)
                    pending.append(reader)
    return found


def _reduces_the_batch(node: Node) -> bool:
    if node.op == "L2Loss":
        return True
    if node.op not in REDUCTIONS or len(node.inputs) != 2:
        return False
    axes = node.inputs[1]
    if axes.node.op == "Range":  # from 0 to the rank: no axis was named
        return True
    found = constant_value(axes)
    return found is not None and found.dtype.kind == "i" and 0 in found
