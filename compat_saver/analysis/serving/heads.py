"""Chooses, of ranked candidates, those that are outputs: the best one, and others beside it.

Another candidate is an output where one of these holds, and neither depends on the other:

1. It and each head have weights of their own.
2. The program named it and the best one, and both rank alike: detection boxes, scores, classes.
3. It is another step of an unrolled network, or another of a list: the same layers, applied to the same inputs or more.
4. What is drawn at random depends on both: the mean and the width of a distribution of actions.
5. It is the rest of a variational network of which the best one is the decoder: it starts at another input.

Outputs of one unit are served together; units that need different inputs become different signatures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compat_saver.analysis.serving.copies import Reach, are_copies, compute_the_same
from compat_saver.analysis.serving.names import has_own_name
from compat_saver.analysis.serving.parts import READ_OFF_OPS, Forward
from compat_saver.analysis.walk import origin
from compat_saver.graph.ir import Node, Value

_ALSO_SERVED = 0.55
"""How much of the best score another head must reach."""
_TIE = 3.5
"""How far the scores of outputs may be apart that the program named; a conventional name counts for more."""
_ALIKE = 1.0
"""How far the scores of one list's outputs may be apart."""


@dataclass(frozen=True)
class Ranked:
    """A candidate, as the choice sees it.

    Attributes:
        node: the node.
        score: the sum of its signals.
        bit: what stands for it in `needed`.
        reach: what it depends on.
        is_closing: whether it rearranges an output and belongs to it.
    """

    node: Node
    score: float
    bit: int
    reach: Reach
    is_closing: bool = False

    @property
    def is_named(self) -> bool:
        """Whether the program named it."""
        return has_own_name(self.node)

    @property
    def root(self) -> Value:
        """The value that others only read off: the logits of a softmax, or its own."""
        return origin(self.node.output(), READ_OFF_OPS)


def choose_heads(ranked: Sequence[Ranked], needed: Mapping[Node, int], parts: Forward) -> list[list[Ranked]]:
    """Returns the units, the best first.

    Args:
        ranked: the candidates, best first.
        needed: node -> the candidates that need it, as bits.
        parts: the parts of the graph.
    """
    chooser = _Chooser(needed, parts)
    heads = list(ranked[:1])
    for item in ranked[1:]:
        if chooser.is_beside(item, heads):
            heads.append(item)
    return [chooser.unit(head, heads, ranked) for head in heads]


class _Chooser:
    def __init__(self, needed: Mapping[Node, int], parts: Forward) -> None:
        self._needed, self._parts = needed, parts
        self._compared = {origin(node.output(), READ_OFF_OPS).node for node in parts.compared}

    def is_beside(self, item: Ranked, heads: Sequence[Ranked]) -> bool:
        """Whether a candidate is an output beside the heads."""
        best = heads[0]
        if not self._is_output(item, best) or any(self._are_one(item, head) for head in heads):
            return False
        if self._starts_elsewhere(item, best):
            return True
        if self._is_drawn(item, best) or item.score < best.score * _ALSO_SERVED:
            return False
        return (
            self._ties(item, best)
            or self._describe_a_draw(item, best)
            or all(self._differ(item, head) for head in heads)
        )

    def _is_output(self, item: Ranked, best: Ranked) -> bool:
        return item.is_closing or self._parts.is_output(item.node) or self._describe_a_draw(item, best)

    def _describe_a_draw(self, *items: Ranked) -> bool:
        return all(self._parts.is_drawn_from(item.node) and self._parts.is_end(item.node) for item in items)

    def unit(self, head: Ranked, heads: Sequence[Ranked], ranked: Sequence[Ranked]) -> list[Ranked]:
        """Returns a head with the others of its list, in the graph's order."""
        if not self._parts.is_output(head.node):
            return [head]
        others = [item for item in ranked if item not in heads and self._parts.is_output(item.node)]
        found = [item for item in others if self._is_of_list(item, head)]
        return sorted([head, *found], key=lambda item: item.bit)

    def _are_one(self, one: Ranked, two: Ranked) -> bool:
        is_needed = self._needed[one.node] & two.bit or self._needed[two.node] & one.bit
        return one.root is two.root or bool(is_needed)

    def _is_drawn(self, item: Ranked, best: Ranked) -> bool:
        return item.node in self._parts.drawn and best.node not in self._parts.drawn

    def _ties(self, item: Ranked, best: Ranked) -> bool:
        is_alike = best.score - item.score <= _TIE and item.is_named and best.is_named
        return is_alike and not are_copies(item.reach, best.reach)

    def _starts_elsewhere(self, item: Ranked, best: Ranked) -> bool:
        """Whether the best one is a part of a candidate's network that is applied to an input of its own."""
        is_apart = bool(item.reach.feeds - best.reach.feeds) and bool(best.reach.feeds - item.reach.feeds)
        is_whole = item.reach.weights > best.reach.weights and are_copies(item.reach, best.reach)
        return is_apart and is_whole and item.node in self._parts.compared

    def _is_of_list(self, item: Ranked, head: Ranked) -> bool:
        one, two = item.reach, head.reach
        is_same = one.weights == two.weights and are_copies(one, two) and item.root.node.op == head.root.node.op
        is_nested = one.pieces == two.pieces and (one.feeds <= two.feeds or two.feeds <= one.feeds)
        is_alike = head.score - item.score <= _ALIKE and item.node.op == head.node.op
        if not (is_same and is_nested and is_alike) or self._are_one(item, head):
            return False
        return not compute_the_same(item.root, head.root)

    def _differ(self, one: Ranked, two: Ranked) -> bool:
        """Whether both have weights of their own, or a part of one is an output by itself: the loss reads both."""
        weights = (one.reach.weights, two.reach.weights)
        if weights[0] <= weights[1] or weights[1] <= weights[0]:
            are_wanted = all(item.root.node in self._compared for item in (one, two))
            return are_wanted and weights[0] != weights[1] and not are_copies(one.reach, two.reach)
        return True
