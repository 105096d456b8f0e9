"""What a truth value decides: which nodes run for one of its values only, and between what it chooses.

A v1 cond is made of Switch and Merge ops, and many ops read one predicate, each through Identity ops of its own. Here
all that depends on one source is seen together, whatever is between: the source may be negated on the way, be a number
that is cast or compared, or pass through the switches of outer conds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from compat_saver.analysis.serving.dropouts import carried, number
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import MERGE_OPS, NEXT_ITERATION_OPS, SWITCH_OPS

_SELECTS = ("Select", "SelectV2")


@dataclass(frozen=True)
class Choice:
    """A value that is one of two.

    Attributes:
        result: the value.
        sides: what it is where the source is false or 0, and where it is true or 1.
    """

    result: Value
    sides: tuple[Value, Value]


@dataclass(frozen=True)
class Decision:
    """What depends on one source.

    Attributes:
        source: a placeholder's value, a variable's, or any other that is not itself read from elsewhere.
        only: the nodes that run only where the source is false or 0, and those only where it is true or 1.
        choices: the values that it chooses.
    """

    source: Value
    only: tuple[frozenset[Node], frozenset[Node]]
    choices: tuple[Choice, ...]


def find_decisions(graph: Graph, counts: Callable[[Value], bool]) -> Iterator[Decision]:
    """Yields a decision for every source that a Switch or a Select asks, and that counts."""
    askers: dict[Value, list[tuple[Node, bool]]] = {}
    for node in graph:
        if node.op in SWITCH_OPS and len(node.inputs) == 2:
            source, at_zero = _source(node.inputs[1])
        elif node.op in _SELECTS and len(node.inputs) == 3:
            source, at_zero = _source(node.inputs[0])
        else:
            continue
        askers.setdefault(source, []).append((node, at_zero))
    for source, asking in askers.items():
        if counts(source):
            yield _decision(source, asking)


def _source(predicate: Value) -> tuple[Value, bool]:
    """Returns where a predicate comes from, and what the predicate is where that is false or 0."""
    value, at_zero, seen = carried(predicate), False, set[Value]()
    while value not in seen:
        seen.add(value)
        node = value.node
        if node.op == "LogicalNot" and node.inputs:
            value, at_zero = carried(node.inputs[0]), not at_zero
        elif node.op in ("Equal", "NotEqual") and len(node.inputs) == 2 and number(node.inputs[1]) is not None:
            is_zero = number(node.inputs[1]) == 0
            value, at_zero = carried(node.inputs[0]), at_zero != (is_zero == (node.op == "Equal"))
    return value, at_zero


def _decision(source: Value, asking: list[tuple[Node, bool]]) -> Decision:
    switches = [(node, at_zero) for node, at_zero in asking if node.op in SWITCH_OPS]
    zero, one = (_dead(node.output(int(at_zero == side)) for node, at_zero in switches) for side in (True, False))
    return Decision(
        source,
        (frozenset(zero.nodes - one.nodes), frozenset(one.nodes - zero.nodes)),
        (*_merged(zero.values - one.values, one.values - zero.values), *_selected(asking)),
    )


class _Dead(NamedTuple):
    values: set[Value]
    nodes: set[Node]


def _dead(values: Iterator[Value]) -> _Dead:
    """Returns all that does not run if these values are dead."""
    dead, nodes = set(values), set[Node]()
    pending = [use.node for value in dead for use in value.uses]
    while pending:
        node = pending.pop()
        if node in nodes or (node.op in MERGE_OPS and not dead.issuperset(_entries(node))):
            continue
        nodes.add(node)
        for value in node.used_outputs:
            dead.add(value)
            pending += [use.node for use in value.uses]
        pending += node.control_uses
    return _Dead(dead, nodes)


def _entries(merge: Node) -> list[Value]:
    """Returns the inputs that can come first: what goes around in a loop must have entered it."""
    return [value for value in merge.inputs if value.node.op not in NEXT_ITERATION_OPS]


def _merged(if_zero: set[Value], if_one: set[Value]) -> Iterator[Choice]:
    """Yields what Merge ops choose between values that run for one side only."""
    merges = dict.fromkeys(use.node for value in if_one for use in value.uses if use.node.op in MERGE_OPS)
    for merge in merges:
        zero, one = ([item for item in merge.inputs if item in alive] for alive in (if_zero, if_one))
        if len(zero) == len(one) == 1:
            yield Choice(merge.output(), (zero[0], one[0]))


def _selected(asking: list[tuple[Node, bool]]) -> Iterator[Choice]:
    for node, at_zero in asking:
        if node.op in _SELECTS:
            _, on, off = node.inputs
            yield Choice(node.output(), (on, off) if at_zero else (off, on))
