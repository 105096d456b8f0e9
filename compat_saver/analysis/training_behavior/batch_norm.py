"""Turns batch norms that take the statistics of their batch to their moving averages.

Two kinds:

1. A fused norm with is_training=True gives the statistics as outputs 1 and 2, which update the moving averages. It gets
   is_training=False, and the averages as inputs 3 and 4.
2. Plain arithmetic, by tf.nn.moments or by hand: what reads a statistic reads its moving average.

With renorm (Ioffe, 2017) the corrections r and d are 1 and 0 at inference. A norm keeps its batch statistics, and is
reported, where its averages are not in the checkpoint or were never updated: some programs normalize by the batch on
purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.serving.modes import trains_norm
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.served import SHAPE_OPS, Served
from compat_saver.analysis.training_behavior.updates import Average, before_root
from compat_saver.analysis.values.weights import declared_shape
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.inference.edits import Edit, ReadVariable, Redirect, SetFlag, StopWaiting, UseConstant

Stored = Callable[[Node], np.ndarray | None]
"""Reads the value of a variable from the checkpoint; None if it is not there."""

_REDUCTIONS = ("Mean", "Sum")
_MOMENTS = (
    *_REDUCTIONS,
    "SquaredDifference",
    "Sub",
    "Square",
    "Mul",
    "Neg",
    "StopGradient",
    "Squeeze",
    "Reshape",
    "Identity",
)
"""What a variance is computed by, from a mean and the data."""

_FUSED_STATISTICS = {1: 3, 2: 4}
"""Output with a batch statistic -> the input that takes the stored one."""


def find_batch_norms(
    served: Served, averaged: Mapping[Value, list[Average]], stored: Stored, trainable: Iterable[str]
) -> Iterator[Finding]:
    """Yields the batch norms, and all other statistics with a moving average, that the outputs depend on."""
    chosen = _whole(
        {statistic: _choose(served, items, frozenset(trainable), stored) for statistic, items in averaged.items()}
    )
    for node in served.graph:
        if node in served.forward and trains_norm(node):
            yield _fused(served, node, [chosen.get(node.output(index)) for index in _FUSED_STATISTICS])
    constant = [node for node in served.graph if node.op == "StopGradient" and node in served.forward]
    for statistic, choice in chosen.items():
        if not trains_norm(statistic.node):
            yield _plain(served, statistic, choice, averaged[statistic], constant)


def _choose(served: Served, items: list[Average], trainable: frozenset[str], stored: Stored) -> Average | str:
    """Returns the moving average that inference reads, or why there is none."""
    even = [item for item in items if item.is_even]
    if not even:
        return f"its moving average {items[0].variable.name!r} is one of a function of it"
    items = [item for item in even if item.variable.name not in trainable]
    passed = {node for item in items for node in item.through}
    final = [item for item in items if item.variable not in passed] or items
    if len({item.variable for item in final}) > 1:
        final = [item for item in final if not _reads(served, item.variable)] or final
    if not final:
        return "no variable averages its statistics"
    if len({item.variable for item in final}) > 1:
        return f"several variables average it: {', '.join(sorted({repr(item.variable.name) for item in final}))}"
    variable = final[0].variable
    value = stored(variable)
    if value is None:
        return f"its moving average {variable.name!r} is not in the checkpoint"
    if value.size and (not value.any() or (value == 1).all()):
        return f"its moving average {variable.name!r} was never updated"
    return final[0]


def _whole(chosen: Mapping[Value, Average | str]) -> dict[Value, Average | str]:
    """Keeps a mean as in training where a variance around it stays: half a norm is of neither kind."""
    found = dict(chosen)
    for statistic, choice in chosen.items():
        if isinstance(choice, str):
            around = (value for value in _computed_by(statistic, _MOMENTS) if isinstance(found.get(value), Average))
            found |= dict.fromkeys(around, f"{statistic.node.name!r}, which is computed from it, stays")
    return found


def _computed_by(value: Value, ops: Collection[str]) -> set[Value]:
    """Returns the values that a value is computed from by some ops alone."""
    found: set[Value] = set()
    pending = [value]
    while pending:
        node = pending.pop().node
        if node.op in ops:
            pending += set(node.inputs) - found
            found |= set(node.inputs)
    return found


def _reads(served: Served, variable: Node) -> bool:
    """Whether the forward pass reads a variable."""
    return any(
        use.node in served.forward and any(item.uses for item in use.node.used_outputs)
        for use in variable.output().uses
    )


def _fused(served: Served, node: Node, choices: list[Average | str | None]) -> Finding:
    reason = next((item for item in choices if isinstance(item, str)), None)
    found = [item for item in choices if isinstance(item, Average)]
    if len(found) < len(choices):
        return Finding("batch norm", node.name, reason=reason or "no variable averages its statistics")
    reads: list[Edit] = [
        Redirect(node.inputs[position].name, _read(item.variable, None), ((node.name, position),))
        for item, position in zip(found, _FUSED_STATISTICS.values(), strict=True)
    ]
    unbiased = (edit for item in found for edit in _without_correction_of_size(served, item))
    edits = (SetFlag(node.name, "is_training", False), *reads, *unbiased, *_stop(served, found))
    return _turned(node.name, found, edits)


def _without_correction_of_size(served: Served, average: Average) -> Iterator[Edit]:
    """Yields edits after which no batch size corrects a statistic: (n - 1) / n is for a batch, not for its average.

    Quantization-aware training reads the variance of a fused norm that way.
    """
    for use in served.readers(average.statistic):
        node = use.node
        if node.op in ("Mul", "RealDiv") and _is_of_shapes(node.inputs[1 - use.position]):
            yield served.redirect(node.output(), _read(average.variable, None))


def _is_of_shapes(value: Value) -> bool:
    """Whether a value is computed from shapes and constants alone, and from some shape."""
    pending, seen, is_sized = [value.node], set[Node](), False
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op in SHAPE_OPS:
            is_sized = True
        elif node.inputs:
            pending += [item.node for item in node.inputs]
        elif node.op != "Const":
            return False
    return is_sized


def _plain(
    served: Served, statistic: Value, choice: Average | str, items: list[Average], constant: Sequence[Node]
) -> Finding:
    if isinstance(choice, str):
        return Finding("batch statistic", statistic.node.name, reason=choice)
    if statistic.node.name in served.in_loops:
        return Finding("batch statistic", statistic.node.name, reason="it is computed inside a loop")
    shape = _expanded(statistic, choice.variable) if choice.is_reshaped else None
    read = served.redirect(statistic, _read(choice.variable, shape))
    edits = (*_without_corrections(served, statistic, items, constant), read, *_stop(served, items))
    return _turned(statistic.node.name, [choice], edits)


def _turned(node: str, averages: Iterable[Average], edits: tuple[Edit, ...]) -> Finding:
    names = tuple(item.variable.name for item in averages)
    return Finding("batch norm", node, "moving averages", variables=names, edits=edits, reference_edits=edits)


def _stop(served: Served, averages: Iterable[Average]) -> Iterator[Edit]:
    """Yields the edits after which no output waits for the updates."""
    nodes = (node for item in averages for node in item.changes)
    return (StopWaiting(node.name) for node in nodes if node in served.waited_for)


def _read(variable: Node, shape: tuple[int, ...] | None) -> ReadVariable:
    return ReadVariable(variable.name, dtypes.base(variable.attr.type("dtype")), shape)


def _expanded(statistic: Value, variable: Node) -> tuple[int, ...] | None:
    """Returns the shape of a statistic that keeps the axes it is computed over; None if it has the variable's own."""
    own = declared_shape(variable)
    node = before_root(statistic).node
    if own is None or node.op not in _REDUCTIONS or not node.attr.bool("keep_dims"):
        return None
    axes = constant_value(node.inputs[1])
    if axes is None or None in own:
        return None
    rank = len(own) + axes.size
    reduced = {int(axis) % rank for axis in axes.reshape(-1)}
    sizes = iter([int(size) for size in own if size is not None])
    return tuple(1 if axis in reduced else next(sizes) for axis in range(rank))


def _without_corrections(
    served: Served, statistic: Value, items: list[Average], constant: Sequence[Node]
) -> Iterator[Edit]:
    """Yields the edits that take renorm's corrections out: r becomes 1, d becomes 0.

    Both are constants to the gradient (StopGradient) and compare the statistic with an average of its own: r divides by
    it, d subtracts it first.

    Args:
        served: the graph.
        statistic: the statistic.
        items: the variables that average it.
        constant: the StopGradient nodes of the forward pass.
    """
    own = {item.variable for item in items}
    for node in constant:
        kinds = _arithmetic_on(node.inputs[0], statistic, own)
        if kinds is not None:
            dtype = dtypes.by_number(node.attr.type("T")).numpy
            neutral = UseConstant(np.array(0 if "Sub" in kinds else 1, dtype))
            yield served.redirect(node.output(), neutral)


_COMPARED = ("Sub", "Div", "RealDiv", "Maximum", "Minimum", "ClipByValue", "Sqrt", "Add", "AddV2", "Identity", "Merge")


def _arithmetic_on(value: Value, statistic: Value, variables: set[Node]) -> set[str] | None:
    """Returns the ops between a value and both a statistic and one of its averages; None if it depends on neither."""
    ops: set[str] = set()
    ends: set[object] = set()
    pending, seen = [value], set[Value]()
    while pending:
        item = pending.pop()
        if item in seen:
            continue
        seen.add(item)
        if item == statistic:
            ends.add("statistic")
        elif any(before.node in variables for before in item.node.inputs):
            ends.add("average")
        elif item.node.op in _COMPARED or item.node.op == "Switch":
            ops.add(item.node.op)
            pending += item.node.inputs
    return ops if ends == {"statistic", "average"} else None
