"""Finds which variables a graph changes, and which statistics of a batch they are moving averages of.

An update gives a variable a new value by an Assign op of some kind. Walking back from that value over arithmetic leads
to what is averaged, whatever the update looks like: `V -= (V - S) * (1 - decay)`, `V = V * decay + S * (1 - decay)`, an
update corrected for its zero start (which goes through a variable of its own), or the mean over towers. The walk ends
at a statistic, or the root of one, that the forward pass reads as well, and at all else that the forward pass computes
of several values; and at what depends on an output: the step of an optimizer in plain ops is no average.

Sources: moving_averages.py in tensorflow/python/training, BatchNormalization in tensorflow/python/layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compat_saver.analysis.serving.modes import is_statistic, trains_norm
from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.training_behavior.served import CHANGES, Served
from compat_saver.analysis.walk import origin
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, RESTORE_OPS

_ARITHMETIC = (
    *("Add", "AddV2", "AddN", "AccumulateNV2", "Sub", "Mul", "Div", "RealDiv", "Neg", "Cast", "Identity"),
    *("StopGradient", "Switch", "Merge", "RefSwitch", "RefMerge", "Select", "SelectV2", "Maximum", "Minimum", "Pack"),
    *("Squeeze", "Reshape", "ExpandDims", "Sqrt", "Square", "Relu", "Split", "SplitV"),
)
"""What may lie between a statistic and the new value of its average; renorm keeps an average of the root as well."""

_ROOTS = {"Sqrt": -1, "Square": 1}
_SHIFTS = {"Add": 1, "AddV2": 1, "Sub": -1}
_RESHAPES = ("Squeeze", "Reshape", "ExpandDims")
_NO_SHIFT = 1e-9
_AVERAGES = ("Mean", "Sum")
_REFERENCES = ("Identity", "Enter", "RefEnter", "Switch", "RefSwitch", "RefIdentity")


@dataclass(frozen=True)
class Change:
    """An op that changes a variable.

    Attributes:
        node: the op.
        variable: the variable's node.
        value: what it is set to, or what is added to or taken from it.
    """

    node: Node
    variable: Node
    value: Value


@dataclass(frozen=True)
class Average:
    """A variable that is a moving average of a statistic.

    Attributes:
        variable: the variable's node.
        changes: what updates it.
        statistic: the value that is averaged.
        is_even: whether it is one of the statistic itself, and not of its root or of it plus a constant.
        is_reshaped: whether the statistic changes its shape on the way to the variable.
        through: other variables that the statistic passes on the way.
    """

    variable: Node
    changes: tuple[Node, ...]
    statistic: Value
    is_even: bool
    is_reshaped: bool
    through: frozenset[Node]


def changes_of(served: Served) -> dict[Node, list[Change]]:
    """Returns variable -> what changes it, without the assignments that restore it."""
    found: dict[Node, list[Change]] = {}
    for node in served.graph:
        if CHANGES.fullmatch(node.op) and len(node.inputs) == 2 and node.inputs[1].node.op not in RESTORE_OPS:
            variable = origin(node.inputs[0], _REFERENCES).node
            if variable.op in ANY_VARIABLE_OPS:
                found.setdefault(variable, []).append(Change(node, variable, node.inputs[1]))
    return found


def averages(served: Served, changes: dict[Node, list[Change]]) -> dict[Value, list[Average]]:
    """Returns statistic -> the variables that average it."""
    found: dict[Value, list[Average]] = {}
    walk = _Walk(served, changes)
    for variable, items in changes.items():
        reached: dict[Value, _Way] = {}
        for item in items:
            reached |= walk.statistics(item)
        nodes = tuple(item.node for item in items)
        for statistic, way in reached.items():
            average = Average(variable, nodes, statistic, way.is_even, way.is_reshaped, way.through - {variable})
            found.setdefault(statistic, []).append(average)
    chosen = _of_norms(found)
    return {statistic: items for statistic, items in found.items() if statistic in chosen}


def _of_norms(found: dict[Value, list[Average]]) -> set[Value]:
    """Returns the statistics without the steps between them and their averages.

    Of a variance and its root the variance counts where both have an average of their own, as in renorm, and the root
    where only that has one. A statistic that has only averages of functions of it counts if it is a sum or a mean.
    """
    even = {statistic for statistic, items in found.items() if any(item.is_even for item in items)}
    roots = {statistic for statistic in even if before_root(statistic) != statistic}
    explained = {origin(before_root(statistic), _RESHAPES) for statistic in roots}
    others = {statistic for statistic in found.keys() - even if statistic.node.op in _AVERAGES}
    return even - {root for root in roots if before_root(root) in even} | others - explained


def before_root(value: Value) -> Value:
    """Returns the variance of a standard deviation, the root of a variance and perhaps a constant; else the value."""
    if value.node.op != "Sqrt":
        return value
    value = value.node.inputs[0]
    while value.node.op in (*_SHIFTS, "Maximum") and _is_of_one(value.node):
        value = next(item for item in value.node.inputs if scalar(item) is None)
    return value


def _is_of_one(node: Node) -> bool:
    """Whether a node is a function of one value, such as the root of a variance plus a constant."""
    return len([value for value in node.inputs if scalar(value) is None]) == 1


@dataclass(frozen=True)
class _Way:
    """How a walk came to a value.

    Attributes:
        is_reshaped: whether it passed an op that changes the shape.
        through: the variables that it passed.
        roots: how many more squares than roots it passed.
        shift: the constants that it passed, added up.
    """

    is_reshaped: bool = False
    through: frozenset[Node] = frozenset()
    roots: int = 0
    shift: float = 0.0

    @property
    def is_even(self) -> bool:
        """Whether the average is one of the value itself, and not of its root or of the value plus a constant."""
        return self.roots == 0 and abs(self.shift) < _NO_SHIFT

    def after_change(self, change: Change) -> _Way:
        """Returns the way behind an update of another variable."""
        return replace(self, through=self.through | {change.variable})

    def after(self, node: Node) -> _Way:
        """Returns the way behind an op."""
        is_square = node.op == "Mul" and len(set(node.inputs)) == 1
        constant = next((found for value in node.inputs if (found := scalar(value)) is not None), 0.0)
        return replace(
            self,
            is_reshaped=self.is_reshaped or node.op in _RESHAPES,
            roots=self.roots + _ROOTS.get(node.op, int(is_square)),
            shift=self.shift + _SHIFTS.get(node.op, 0) * constant,
        )


class _Walk:
    """Walks back from updates to the statistics that are averaged."""

    def __init__(self, served: Served, changes: dict[Node, list[Change]]) -> None:
        self._served = served
        self._by_node = {item.node: item for items in changes.values() for item in items}

    def statistics(self, change: Change) -> dict[Value, _Way]:
        """Returns the statistics that a variable is changed by, and how they got there."""
        found: dict[Value, _Way] = {}
        pending = [(change.value, _Way())]
        seen: set[Value] = set()
        while pending:
            value, way = pending.pop()
            if value in seen:
                continue
            seen.add(value)
            if self._is_statistic(value):
                found[value] = way
            if value not in found or not way.is_even or before_root(value) != value:
                pending += self._before(value, way)
        return found

    def _is_statistic(self, value: Value) -> bool:
        """Whether a value is computed over a batch, and either read by the forward pass or a fused norm's."""
        if trains_norm(value.node):
            return value.node in self._served.forward
        is_read = bool(self._served.readers(value)) and value.node.op not in ANY_VARIABLE_OPS
        return is_read and is_statistic(before_root(value))

    def _before(self, value: Value, way: _Way) -> Iterator[tuple[Value, _Way]]:
        node = value.node
        change = self._by_node.get(node)
        if node in self._served.forward and change is None and not _is_of_one(node):
            return
        if node in self._served.behind_outputs:
            return
        if change is not None:
            yield change.value, way.after_change(change)
        elif node.op in ("ReadVariableOp", "Identity") and (others := self._read_after(node)):
            yield from ((other.value, way.after_change(other)) for other in others)
        elif node.op in _ARITHMETIC or self._averages_towers(node):
            yield from ((item, way.after(node)) for item in node.inputs)

    def _read_after(self, read: Node) -> list[Change]:
        """Returns the updates of a variable that a read of it waits for."""
        variable = origin(read.inputs[0], _REFERENCES).node
        waited = (self._by_node.get(before) for before in read.control_inputs)
        return [item for item in waited if item is not None and item.variable is variable]

    @staticmethod
    def _averages_towers(node: Node) -> bool:
        """Whether a node averages values that were stacked, one for each replica."""
        return node.op in _AVERAGES and bool(node.inputs) and node.inputs[0].node.op in ("Pack", "ConcatV2", "Concat")
