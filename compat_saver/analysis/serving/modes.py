"""Finds the inputs that tell a model whether it trains, and the value each has when it serves.

`is_training`, `keep_prob`, `phase`: a served model must not ask for them. What counts is what the graph does with a
value, not what it is called: whether a branch that drops units or takes the statistics of the batch depends on it, and
whether a dropout keeps more as it grows. A name alone is believed only of a truth value, or where the use is hidden.
What the signals do not agree on stays an input.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.serving.branches import Decision, find_decisions
from compat_saver.analysis.serving.dropouts import Dropout, carried, elements_picked, find_dropouts, number
from compat_saver.analysis.values.weights import declared_shape
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, FEEDABLE_OPS, NUMBER_CARRIERS
from compat_saver.graph.ops import OpCatalog

_FUSED_NORM = re.compile(r"FusedBatchNorm(V2|V3)?")
_CHANGES = re.compile(r"Assign(Sub|Add)?(VariableOp)?")
_STATISTICS = ("Mean", "Sum")
_ELEMENTWISE = (
    "Add",
    "AddV2",
    "Sub",
    "Mul",
    "Div",
    "RealDiv",
    "Reciprocal",
    "Inv",
    "Square",
    "Neg",
    "ExpandDims",
    "AddN",
)

_TRAINING_WORDS = frozenset(("train", "training", "istrain", "istraining", "phase", "learning"))
_INFERENCE_WORDS = frozenset(("test", "testing", "istest", "infer", "inference", "eval", "evaluation", "predict"))
_SMALL_WORDS = frozenset(
    ("is", "in", "for", "mode", "flag", "phase", "time", "model", "keras", "bn", "batch", "norm", "dropout")
)
_KEEP_NAME = re.compile(r".*keep.*")
_DROP_NAME = re.compile(r".*drop(out)?_?(rate|prob(ability)?).*")


@dataclass(frozen=True)
class Mode:
    """A value that tells whether a model trains.

    Attributes:
        tensor: its name.
        value: what it is when the model serves, of its dtype.
        why: what showed it, a phrase.
        is_default: whether it is a truth value that only keeps its default, in training as well as may be.
    """

    tensor: str
    value: np.ndarray
    why: str
    is_default: bool = False


@dataclass(frozen=True)
class _Side:
    """What one value of a source brings about: the nodes that run only then, and what is chosen then."""

    only: frozenset[Node]
    other: frozenset[Node]
    choices: tuple[tuple[Value, Value, Value], ...]
    masks: frozenset[Node]
    idle: dict[Value, float]


def _drops_units(side: _Side) -> bool:
    return not side.only.isdisjoint(side.masks)


def _normalises_by_the_batch(side: _Side) -> bool:
    if any(map(trains_norm, side.only)):
        return not any(map(trains_norm, side.other))
    return any(_divides(node, is_statistic) for node in side.only) and any(
        _divides(node, _is_stored) for node in side.other
    )


def _chooses_batch_statistics(side: _Side) -> bool:
    return any(_is_stored(theirs) and is_statistic(own) for _, own, theirs in side.choices)


def _updates_averages(side: _Side) -> bool:
    def changes(nodes: Iterable[Node]) -> bool:
        return any(_CHANGES.fullmatch(node.op) for node in nodes)

    return changes(side.only) and not changes(side.other) and any(node.op in _STATISTICS for node in side.only)


def _chooses_to_drop(side: _Side) -> bool:
    for result, own, theirs in side.choices:
        idle = side.idle.get(result)
        if idle is not None and number(theirs) == idle and number(own) not in (None, idle):
            return True
    return False


SIGNALS: tuple[tuple[str, Callable[[_Side], bool]], ...] = (
    ("drops units", _drops_units),
    ("normalises by the batch", _normalises_by_the_batch),
    ("takes the statistics of the batch in place of the stored ones", _chooses_batch_statistics),
    ("updates moving averages", _updates_averages),
    ("lets a dropout drop", _chooses_to_drop),
)
"""What a model does only while it trains: a phrase, and whether one side of a decision does it."""


def find_modes(
    graph: Graph, catalog: OpCatalog, trainable: Collection[str] = (), taken: Collection[str] = ()
) -> list[Mode]:
    """Returns the modes, in the graph's order.

    Args:
        graph: the whole graph.
        catalog: the definitions that hold for it.
        trainable: the names of its trainable variables; a probability that is learned is no mode.
        taken: tensors that are decided on already: bound, or requested as inputs.
    """
    finder = _Finder(graph, catalog, trainable, taken)
    return [mode for value in finder.values() if (mode := finder.mode(value)) is not None]


class _Finder:
    """Gathers what each value would have to be, signal by signal, and puts it together."""

    def __init__(self, graph: Graph, catalog: OpCatalog, trainable: Collection[str], taken: Collection[str]) -> None:
        self._graph = graph
        self._catalog = catalog
        self._trainable = trainable
        self._taken = taken
        self._votes: dict[Value, dict[tuple[float, str], int]] = defaultdict(lambda: defaultdict(int))
        dropouts = find_dropouts(graph)
        for dropout in dropouts:
            kind = "keeps with this probability" if dropout.idle else "drops with this probability"
            self._votes[dropout.source][dropout.idle, f"a dropout {kind}"] += 1
        for decision in find_decisions(graph, self._counts):
            self._judge(decision, dropouts)

    def values(self) -> Iterator[Value]:
        """Yields what may be a mode: scalars that are fed, vectors of them, or variables that nothing trains."""
        listed = dict.fromkeys(node.output() for node in self._graph if node.op in FEEDABLE_OPS)
        listed.update(dict.fromkeys(self._votes))
        yield from (value for value in listed if self._counts(value))

    def mode(self, value: Value) -> Mode | None:
        """Returns a value's mode, or None if nothing is sure."""
        votes = self._votes.get(value, {})
        found = {number for number, _ in votes}
        if len(found) > 1:
            return None
        phrases = [text for _, text in votes]
        if not found:
            found, phrases = self._by_name(value)
        default = self._default(value) if not found else None
        if default is not None:
            return Mode(value.name, default, "its default", is_default=True)
        row = dtypes.by_number(self._catalog.type_of(value))
        if not found or (row.name != "bool" and not row.is_floating and found != {0.0}):
            return None  # of a number that is no truth value only 0 is known to mean "no"
        shape = static_shape(self._graph, value) or ()
        if not self._is_single(shape):  # a vector of such numbers
            shape = (shape[0] or elements_picked(value),)
        return Mode(value.name, np.full([size or 0 for size in shape], found.pop(), row.numpy), " and ".join(phrases))

    def _default(self, value: Value) -> np.ndarray | None:
        """Returns the constant default of a truth value: branches are decided by it where it is not fed."""
        node = value.node
        is_truth = dtypes.by_number(self._catalog.type_of(value)).name == "bool"
        return constant_value(node.inputs[0]) if is_truth and node.op == "PlaceholderWithDefault" else None

    def _counts(self, value: Value) -> bool:
        """Whether a value is fed, or a variable's that nothing trains, and has one number, as far as one can tell.

        A vector that is fed counts if all that reads it picks one of its elements.
        """
        node = value.node
        if value.name in self._taken:
            return False
        if node.op in FEEDABLE_OPS:
            shape = static_shape(self._graph, value)
        elif node.op in ("Identity", "ReadVariableOp") and node.inputs:
            variable = node.inputs[0].node
            if variable.op not in ANY_VARIABLE_OPS or variable.name in self._trainable:
                return False
            shape = declared_shape(variable)
        else:
            return False
        return self._is_single(shape) or (shape is not None and len(shape) == 1 and elements_picked(value) > 0)

    @staticmethod
    def _is_single(shape: Shape) -> bool:
        return shape is None or all(size == 1 for size in shape)

    def _judge(self, decision: Decision, dropouts: list[Dropout]) -> None:
        masks = frozenset(item.mask for item in dropouts)
        idle = {item.source: item.idle for item in dropouts}
        for trains in (0, 1):
            choices = tuple((item.result, item.sides[trains], item.sides[1 - trains]) for item in decision.choices)
            side = _Side(decision.only[trains], decision.only[1 - trains], choices, masks, idle)
            for phrase, test in SIGNALS:
                if test(side):
                    self._votes[decision.source][
                        float(1 - trains), f"a branch {phrase} where it is {_WORDS[trains]}"
                    ] += 1

    def _by_name(self, value: Value) -> tuple[set[float], list[str]]:
        """Returns what the name says, where it may be believed."""
        name = value.node.name.rsplit("/", 1)[-1]
        if value.node.op not in FEEDABLE_OPS:
            return set(), []
        kind = dtypes.by_number(self._catalog.type_of(value))
        if kind.name == "bool":
            words = frozenset(_words(name))
            for meant, known in ((1.0, _INFERENCE_WORDS), (0.0, _TRAINING_WORDS)):
                if words & known and words <= known | _SMALL_WORDS:
                    return {meant}, ["its name says so"]
        if kind.is_floating and self._is_opaque(value):
            for meant, pattern in ((1.0, _KEEP_NAME), (0.0, _DROP_NAME)):
                if pattern.fullmatch("_".join(_words(name))):
                    return {meant}, ["its name says so, and only functions read it"]
        return set(), []

    def _is_opaque(self, value: Value) -> bool:
        """Whether all that reads a value is a function: what that does with it is unknown."""
        pending, seen = [value], set[Value]()
        while pending:
            item = pending.pop()
            seen.add(item)
            for node, _ in item.uses:
                if node.op in NUMBER_CARRIERS:
                    pending += [output for output in node.used_outputs if output not in seen]
                elif node.op not in self._graph.functions and not _calls(node):
                    return False
        return bool(value.uses)


_WORDS = ("false", "true")


def _calls(node: Node) -> bool:
    return any(message.WhichOneof("value") == "func" for message in node.attrs.values())


def _words(name: str) -> list[str]:
    """Returns the words of a name: "isTraining_1" -> is, training."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word.lower() for word in split.split("_") if word and not word.isdecimal()]


def trains_norm(node: Node) -> bool:
    """Whether a node is a batch norm that takes the statistics of its batch."""
    return bool(_FUSED_NORM.fullmatch(node.op)) and node.attr.bool("is_training", default=True)


def _divides(node: Node, by: Callable[[Value], bool]) -> bool:
    """Whether a node is one over the root of such a variance, as every batch norm of plain ops has it."""
    return node.op == "Rsqrt" and bool(node.inputs) and by(node.inputs[0])


def _leaves(value: Value) -> Iterator[Value]:
    """Yields what a value is computed from, element by element."""
    pending, seen = [value], set[Value]()
    while pending:
        item = carried(pending.pop())
        if item not in seen:
            seen.add(item)
            if item.node.op in _ELEMENTWISE:
                pending += item.node.inputs
            else:
                yield item


def is_statistic(value: Value) -> bool:
    """Whether a value is computed from what a batch says together."""
    return any(item.node.op in _STATISTICS or (trains_norm(item.node) and item.index > 0) for item in _leaves(value))


def _is_stored(value: Value) -> bool:
    """Whether a value is computed from variables, or from their values in a frozen graph, and from nothing else."""
    leaves = [item for item in _leaves(value) if number(item) is None]
    return bool(leaves) and all(map(_is_weight, leaves))


def _is_weight(value: Value) -> bool:
    node = value.node
    if node.op in (*NUMBER_CARRIERS, "ReadVariableOp") and node.inputs:
        node = node.inputs[0].node
    if node.op == "Const":  # a gradient's zeros are none
        return bool(np.any(constant_value(node.output())))
    return node.op in ANY_VARIABLE_OPS
