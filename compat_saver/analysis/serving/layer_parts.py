"""Finds the parts of a last layer that a program cuts along the last axis, since each means something of its own.

A mixture density network takes weights, widths and means of its mixture out of one layer; another network takes a mean
and a variance, or boxes and scores. One of them without the others is of no use: where one is served, all are. What
each is at last (a softmax, an exponential) is what all of its ways to the loss, or to the end of the graph, go through.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from compat_saver.analysis.known_values import computed_integers, static_shape
from compat_saver.analysis.serving.names import has_own_name
from compat_saver.analysis.serving.parts import HEAD_OPS, Forward
from compat_saver.analysis.walk import needed_from, origin, spread
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node, Value

_PIECES = {"Split": (1, 0), "SplitV": (0, 2)}
"""Op -> which of its inputs is cut, and which is the axis."""
_SAME = ("Identity",)
_MOST_NODES = 40
"""How many nodes there may be from a part to its end: what is computed by more is a model of its own."""


class LayerParts:
    """The parts of the last layers of a graph.

    Args:
        graph: the whole graph.
        forward: its parts.
    """

    def __init__(self, graph: Graph, forward: Forward) -> None:
        self._forward = forward
        self._beyond = {*forward.loss, *forward.passing, *forward.through_logarithms, *forward.drawn}
        self._cut: dict[Value, dict[object, Value]] = {}
        for node in graph:
            if node in forward.fed:
                for data, key, part in _cuts(graph, node):
                    if forward.is_end(data.node):
                        self._cut.setdefault(data, {}).setdefault(key, part)

    def completed(self, heads: Collection[Value]) -> dict[Value, list[Value]]:
        """Returns head that is made of one part of a layer -> the ends of all parts that no other head is made of.

        Args:
            heads: what would be served.
        """
        before = {head: needed_from([head]) for head in heads}
        found: dict[Value, list[Value]] = {}
        for whole in self._cut:
            parts = list(self._leaves(whole))
            made_of = {head: [part for part in parts if _needs(head, before[head], part)] for head in heads}
            single = {own[0]: head for head, own in made_of.items() if len(own) == 1 and head not in found}
            if single:
                covered = {part for own in made_of.values() for part in own} - single.keys()
                ends = [self._end_or_head(part, single.get(part)) for part in parts if part not in covered]
                found[next(iter(single.values()))] = ends
        return found

    def _leaves(self, whole: Value) -> Iterator[Value]:
        """Yields the parts of a layer; of one that is cut again, its own parts."""
        for part in self._cut[whole].values():
            if part in self._cut:
                yield from self._leaves(part)
            else:
                yield part

    def _end_or_head(self, part: Value, head: Value | None) -> Value:
        """Returns the end of a part, or the head where it is no mere step of the loss."""
        is_output = head is not None and (head.node.op in HEAD_OPS or has_own_name(head.node))
        return head if head is not None and is_output else self._end(part)

    def _end(self, part: Value) -> Value:
        """Returns the last value that all ways of a part go through."""
        readers = self._forward.readers
        starts = [use.node for use in part.uses if use.node in readers.get(part.node, ())]
        if any(node in self._beyond for node in starts):
            return part
        cone = spread(starts, readers, self._beyond)
        edges = {node: [reader for reader in readers.get(node, ()) if reader in cone] for node in cone}
        ends = {node for node in cone if len(edges[node]) < max(1, len(readers.get(node, ())))}
        for node in sorted(cone, key=lambda item: len(spread([item], edges)))[: _MOST_NODES if ends else 0]:
            if ends.isdisjoint(spread((start for start in starts if start is not node), edges, {node})):
                return node.output()
        return part


def _needs(head: Value, before: Collection[Node], part: Value) -> bool:
    return head == part or any(use.node in before for use in part.uses)


# ---- where a value is cut along its last axis


def _cuts(graph: Graph, node: Node) -> Iterator[tuple[Value, object, Value]]:
    """Yields (what is cut, what tells the part from others, the part)."""
    if node.op in _PIECES and len(node.inputs) > max(_PIECES[node.op]):
        data, axis = (node.inputs[place] for place in _PIECES[node.op])
        if _numbers(axis) in ((-1,), (len(static_shape(graph, data) or ()) - 1,)):
            count = node.attr.int("num_split")
            yield from ((origin(data, _SAME), (node.op, count, index), node.output(index)) for index in range(count))
    elif node.op in _SLICES and len(node.inputs) > 2:
        data, *bounds = node.inputs
        numbers = [_numbers(value) for value in bounds]
        if all(numbers) and _SLICES[node.op](node, static_shape(graph, data), *numbers):
            yield origin(data, _SAME), (node.op, *numbers), node.output()


def _numbers(value: Value) -> tuple[int, ...]:
    array = computed_integers(value)
    return () if array is None or array.dtype.kind != "i" else tuple(array.ravel().tolist())


def _is_last_slice(_: Node, shape: Shape, begin: Sequence[int], size: Sequence[int]) -> bool:
    """Whether a Slice takes all of each axis but the last."""
    whole = zip(begin[:-1], size[:-1], shape or [None] * len(begin), strict=False)
    return len(begin) > 1 and all(first == 0 and count in (-1, known) for first, count, known in whole)


def _is_last_strided_slice(node: Node, shape: Shape, begin: Sequence[int], *_: Sequence[int]) -> bool:
    """Whether a StridedSlice takes all of each axis but the last."""
    last = len(begin) - 1
    masks = {name: node.attr.int(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    is_whole = all((masks["begin"] & masks["end"] | masks["ellipsis"]) >> axis & 1 for axis in range(last))
    is_of_rank = bool(masks["ellipsis"]) or len(shape or ()) == len(begin)
    return last > 0 and is_whole and is_of_rank and not masks["new_axis"] and masks["shrink_axis"] in (0, 1 << last)


_SLICES: Mapping[str, Callable[..., bool]] = {"Slice": _is_last_slice, "StridedSlice": _is_last_strided_slice}
