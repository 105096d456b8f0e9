"""Tells the copies of one network apart: applications of the same weights to different things.

Twins of a siamese network, the steps of an unrolled one, a copy that acts beside the one that is trained, a decoder
that goes on from its own words beside the one that is taught: all apply a layer of the same weights, at other nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compat_saver.analysis.serving.parts import Forward
from compat_saver.analysis.walk import needed_by, spread
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import RANDOM_OP


@dataclass(frozen=True)
class Reach:
    """What a node depends on.

    Attributes:
        weights: what was learned.
        layers: weight -> the layers that apply it.
        feeds: what is fed, but for labels.
        pieces: the pieces of a batch.
    """

    weights: frozenset[Node]
    layers: Mapping[Node, frozenset[Node]]
    feeds: frozenset[Node]
    pieces: frozenset[Value]

    @classmethod
    def of(cls, bit: int, needed: Mapping[Node, int], parts: Forward) -> Reach:
        """Returns the reach of the node that stands for a bit among those that need something."""

        def has(node: Node) -> bool:
            return bool(needed.get(node, 0) & bit)

        weights = frozenset(weight for weight in parts.weights if has(weight))
        layers = {weight: frozenset(filter(has, parts.layers.get(weight, ()))) for weight in weights}
        pieces = frozenset(value for value in parts.pieces if any(has(use.node) for use in value.uses))
        return cls(weights, layers, frozenset(filter(has, parts.feeds)), pieces)


def are_copies(one: Reach, two: Reach) -> bool:
    """Whether two nodes depend on a weight through different layers."""
    shared = one.weights & two.weights
    return any(_are_apart(one.layers[weight], two.layers[weight]) for weight in shared)


def compute_the_same(one: Value, two: Value) -> bool:
    """Whether two values are computed by the same ops from the same values: where a program built a part again."""
    pending, seen = [(one, two)], set[tuple[Value, Value]]()
    while pending:
        pair = pending.pop()
        a, b = (value.node for value in pair)
        if pair[0] == pair[1] or pair in seen:
            continue
        seen.add(pair)
        is_alike = a.op == b.op and pair[0].index == pair[1].index and len(a.inputs) == len(b.inputs)
        if (
            not is_alike
            or not (a.inputs or a.op == "Const")
            or RANDOM_OP.search(a.op)
            or not _have_same_attributes(a, b)
        ):
            return False
        pending += zip(a.inputs, b.inputs, strict=True)
    return True


def _have_same_attributes(one: Node, two: Node) -> bool:
    kept = [{name: item for name, item in node.attrs.items() if not name.startswith("_")} for node in (one, two)]
    return kept[0] == kept[1]


def _are_apart(one: frozenset[Node], two: frozenset[Node]) -> bool:
    return bool(one) and bool(two) and one.isdisjoint(two)


_COMPARING = ("Sub", "SquaredDifference", "Mul", "MatMul", "BatchMatMul", "BatchMatMulV2")


def comparisons(parts: Forward) -> set[Node]:
    """Returns what compares copies of one network, each applied to an input of its own: the distance of twins.

    Only of a graph that was trained: of another one the distance may be all that is wanted.
    """
    nodes = [node for node in parts.fed if node.op in _COMPARING and node in parts.weighted and len(node.inputs) == 2]
    nodes = [node for node in nodes if node not in parts.before_layers and parts.through]
    roots = list(dict.fromkeys(value.node for node in nodes for value in node.inputs))
    needed = needed_by(roots)
    reach = {node: Reach.of(1 << number, needed, parts) for number, node in enumerate(roots)}
    return spread((node for node in nodes if _are_twins(*(reach[value.node] for value in node.inputs))), parts.readers)


def _are_twins(one: Reach, two: Reach) -> bool:
    is_same = one.weights == two.weights and are_copies(one, two)
    return is_same and bool(one.feeds) and bool(two.feeds) and one.feeds.isdisjoint(two.feeds)


def is_for_inference(node: Node, reach: Reach, parts: Forward) -> bool:
    """Whether a node is of a copy that training does not need, while another copy is trained.

    An earlier step of an unrolled network is no such copy: trained layers of its own weights go on from it.
    """
    untrained = [weight for weight, own in reach.layers.items() if _is_untrained(own, parts.layers[weight], parts)]
    if not untrained or any(item.name in parts.through for item in spread([node], parts.readers)):
        return False
    layers = {layer for weight in untrained for layer in reach.layers[weight]}
    before = [item for layer in layers for value in layer.inputs if (item := value.node) in parts.fed]
    others = {layer for weight in reach.weights.difference(untrained) for layer in parts.layers[weight]}
    return not any(item in others and item.name in parts.through for item in spread(before, parts.readers))


def _is_untrained(own: frozenset[Node], layers: Sequence[Node], parts: Forward) -> bool:
    through = {layer for layer in layers if layer.name in parts.through}
    return bool(own) and bool(through) and own.isdisjoint(through)
