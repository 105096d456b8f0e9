"""What speaks for a candidate and against it: named signals, each with its weight, summed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compat_saver.analysis.serving.names import LOGITS_WORD, LOSS_WORD, OUTPUT_WORD, TRAINING_WORD, has_own_name
from compat_saver.analysis.serving.parts import HEAD_OPS, Forward
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Node
from compat_saver.graph.op_sets import EXIT_OPS

_LARGEST = ("ArgMax", "TopK", "TopKV2")
_OUTPUTS = {"TopK": 2, "TopKV2": 2, "CombinedNonMaxSuppression": 4}
"""Ops with several outputs that are of use together, and how many."""


@dataclass(frozen=True)
class Candidate:
    """A tensor that might be an output of the model.

    Attributes:
        tensor: its name.
        score: the sum of its signals.
        signals: the names of the signals that spoke.
        beside: other outputs of the same op, which belong to it: the indices of the largest beside their values.
    """

    tensor: str
    score: float
    signals: tuple[str, ...]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """What the signals look at."""

    node: Node
    parts: Forward
    shape: Shape
    share: float
    root: Node
    is_compared: bool
    is_closing: bool
    is_listed: bool
    is_chained: bool
    is_comparison: bool
    is_beyond_judged: bool
    is_for_inference: bool

    @property
    def is_head(self) -> bool:
        """Returns whether nothing but outputs read off it comes after a node; in a model without weights, always."""
        return not self.parts.weights or (self.parts.is_end(self.node) and self.parts.is_last(self.node))

    @property
    def words(self) -> list[str]:
        """Returns the scopes, and the last part of the name."""
        return self.node.name.split("/")

    @property
    def is_named(self) -> bool:
        """Returns whether the program named the node."""
        return has_own_name(self.node)

    @property
    def is_conventional(self) -> bool:
        """Returns whether its name is a usual one for outputs."""
        names = [self.node.name, *([self.root.name] if self.is_closing and self.is_named else [])]
        return any(OUTPUT_WORD.fullmatch(name.rpartition("/")[2]) for name in names)


_WEIGHTED = "depends on trained variables"

SIGNALS: tuple[tuple[str, float, Callable[[View], float]], ...] = (
    ("has a conventional name", 5.0, lambda v: v.is_named and v.is_conventional),
    ("is listed in a collection", 6.0, lambda v: v.is_listed),
    ("is called logits", 1.5, lambda v: bool(LOGITS_WORD.fullmatch(v.words[-1]))),
    ("is in a scope with a conventional name", 1.5, lambda v: any(_is_conventional(w) for w in v.words[:-1])),
    ("was given a name", 1.0, lambda v: v.is_named and not v.is_conventional),
    ("is a softmax or sigmoid at the end", 3.0, lambda v: v.root.op in HEAD_OPS - {"ArgMax"} and v.is_head),
    ("is the index of the largest at the end", 2.0, lambda v: v.root.op in _LARGEST and v.is_head),
    (_WEIGHTED, 4.0, lambda v: v.share),
    ("lies behind the last layer", 3.0, lambda v: v.parts.is_end(v.node)),
    ("is computed last", 2.0, lambda v: v.parts.is_last(v.node)),
    ("leads to nothing else", 0.5, lambda v: not any(r in v.parts.fed for r in v.parts.readers.get(v.node, ()))),
    ("is what the loss reads", 2.0, lambda v: v.is_compared),
    ("rearranges the output at the end", 1.75, lambda v: v.is_closing),
    ("is rearranged into an output with a name", -2.0, lambda v: v.node in v.parts.rearranged),
    ("is only rearranged for the loss", -0.5, lambda v: v.node in v.parts.passing and not v.is_closing),
    ("is computed from a logarithm", -3.0, lambda v: v.node in v.parts.through_logarithms),
    ("is what a loop ends with", -1.5, lambda v: v.node.op in EXIT_OPS),
    ("is a part of the loss", -9.0, lambda v: v.node in v.parts.loss),
    ("depends on labels", -3.0, lambda v: v.node in v.parts.labelled),
    ("depends on what the loss takes as labels", -4.0, lambda v: v.node in v.parts.given_labels),
    ("is named like a loss or metric", -6.0, lambda v: any(LOSS_WORD.fullmatch(w) for w in v.words)),
    ("is in a scope named for training", -3.0, lambda v: any(TRAINING_WORD.fullmatch(w) for w in v.words[:-1])),
    ("is what a draw depends on", 2.0, lambda v: v.parts.is_drawn_from(v.node)),
    ("is of a copy that is not trained", 4.0, lambda v: v.is_for_inference),
    ("is a chain of tags", 3.0, lambda v: v.is_chained and v.parts.is_end(v.node)),
    ("is what another network judges", 5.0, lambda v: v.node in v.parts.judged),
    ("goes on from what is judged", -4.0, lambda v: v.is_beyond_judged),
    ("compares copies of a network", -5.0, lambda v: v.is_comparison),
    ("has a gradient that trains nothing", -3.0, lambda v: v.node.name in v.parts.sloped),
    ("is drawn at random", -6.0, lambda v: v.node in v.parts.drawn),
    ("is one value for the whole batch", -5.0, lambda v: v.shape == () or v.node in v.parts.whole_batch),
)
"""Name, weight, and how strongly it speaks for a candidate, from 0 to 1."""


def _is_conventional(scope: str) -> bool:
    return bool(OUTPUT_WORD.fullmatch(scope) or LOGITS_WORD.fullmatch(scope))


def _shown(signal: str, parts: Forward) -> str:
    """Returns a signal's name as it holds for a graph: weights may be constants, and a graph may have none."""
    if signal != _WEIGHTED or any(node.op != "Const" for node in parts.weights):
        return signal
    return "depends on constant weights" if parts.weights else ""


def judge(view: View) -> Candidate:
    """Returns a node as a candidate, with what speaks for it."""
    spoken = [(name, weight * float(test(view))) for name, weight, test in SIGNALS]
    names = tuple(shown for name, points in spoken if points and (shown := _shown(name, view.parts)))
    name, count = view.node.name, _OUTPUTS.get(view.node.op, 1)
    beside = tuple(f"{name}:{number}" for number in range(1, count))
    return Candidate(f"{name}:0", round(sum(points for _, points in spoken), 2), names, beside)
