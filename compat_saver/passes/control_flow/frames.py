"""The frames of a graph: which nodes lie in which v1 while loop.

A value enters a frame through an Enter op and leaves it through an Exit; what is computed from it in between is in the
frame. Frames nest: the Enter of an inner loop is in the frame of the outer one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from compat_saver.graph.ir import Graph, Node

# Deeper than people nest; ends the walk in a damaged graph that goes around without a NextIteration.
_DEEPEST = 64

Path = tuple[str, ...]
"""The names of the frames around a node, the outermost first."""


class Frame(NamedTuple):
    """An outermost frame.

    Attributes:
        name: as its Enter ops give it.
        own: the nodes in it and in no inner frame, in the graph's order.
        nodes: all of its nodes, those of inner frames too, in the graph's order.
        exits: the Exit ops that leave it; they are outside.
    """

    name: str
    own: tuple[Node, ...]
    nodes: dict[Node, None]
    exits: tuple[Node, ...]


def outermost_frames(graph: Graph) -> list[Frame]:
    """Returns the frames that lie in no other, in the order of their first nodes."""
    paths = _paths(graph)
    own: defaultdict[str, list[Node]] = defaultdict(list)
    nodes: defaultdict[str, dict[Node, None]] = defaultdict(dict)
    exits: defaultdict[str, list[Node]] = defaultdict(list)
    for node in graph:
        path = paths.get(node, ())
        if path:
            nodes[path[0]][node] = None
        if len(path) == 1:
            own[path[0]].append(node)
        elif not path and node.op == "Exit" and node.inputs[0].node in paths:
            exits[paths[node.inputs[0].node][0]].append(node)
    return [Frame(name, tuple(own[name]), found, tuple(exits[name])) for name, found in nodes.items()]


def _paths(graph: Graph) -> dict[Node, Path]:
    """Returns the frames around every node that is in one: the longest path on which any Enter leads there."""
    paths: dict[Node, Path] = {}
    pending: list[tuple[Node, Path]] = [(node, ()) for node in graph if node.op == "Enter"]
    while pending:
        node, before = pending.pop()
        path = _within(node, before)
        if len(path) > len(paths.get(node, ())) and len(path) < _DEEPEST:
            paths[node] = path
            pending += [(use.node, path) for value in node.used_outputs for use in value.uses]
            pending += [(user, path) for user in node.control_uses]
    return paths


def _within(node: Node, before: Path) -> Path:
    if node.op == "Enter":
        return (*before, node.attr.text("frame_name"))
    return before[:-1] if node.op == "Exit" else before
