"""Finds dropouts by what they compute, and the value that decides how much they keep.

A dropout multiplies by a mask, drawn anew in every run. TensorFlow and programs wrote that mask in many ways:

    floor(keep_prob + uniform)    tf.nn.dropout at first
    uniform >= rate               tf.nn.dropout later, with rate = 1 - keep_prob where that was given
    uniform < keep_prob           by hand; so is a Select between the units and zeros

Names say little: one graph's `dropout` is another's `keep_prob`. Whether the mask grows with a value tells a keep_prob
from a rate. Source: dropout and dropout_v2 in tensorflow/python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import FEEDABLE_OPS, NUMBER_CARRIERS, VARIABLE_OPS

"""The ops that forward the numbers of their first input."""

_UNIFORM = ("RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2")
_SUMS = ("Add", "AddV2")
_COMPARISONS = {"Less": 1, "LessEqual": 1, "Greater": 0, "GreaterEqual": 0}
"""Op -> the position at which an input makes it true more often as it grows."""

_SELECTS = ("Select", "SelectV2", "Where")
_ZEROS = ("ZerosLike",)
_GATHERS = ("Gather", "GatherV2")


@dataclass(frozen=True)
class Dropout:
    """A dropout, with one value that decides how much it keeps.

    Attributes:
        mask: the node that decides unit by unit: a Floor or a comparison.
        source: where the probability comes from: a placeholder, a constant, a choice between two.
        idle: the number that `source` has where nothing is dropped: 1.0 for a keep_prob, 0.0 for a rate.
    """

    mask: Node
    source: Value
    idle: float


def find_dropouts(graph: Graph) -> list[Dropout]:
    """Returns every dropout, once for each value that can make it idle."""
    return [
        Dropout(mask, source, idle)
        for node in graph
        if node.op in _UNIFORM
        for mask, probability, grows in _masks(node)
        if (keeps := _keeps(mask)) is not None
        for source, idle in _sources(probability, float(grows == keeps))
    ]


def probabilities_of_masks(graph: Graph) -> Iterator[tuple[Node, Value, bool]]:
    """Yields (mask, the probability it is compared with, whether the mask is true more often as that grows)."""
    return (found for node in graph if node.op in _UNIFORM for found in _masks(node))


def retained_by(mask: Node) -> list[Node]:
    """Returns what gathers indices and values of a sparse tensor where a mask is true: see tf.sparse_retain."""
    wheres = [use.node for value in _carriers_of(mask.output()) for use in value.uses if use.node.op == "Where"]
    places = [value for node in wheres if len(node.inputs) == 1 for value in _carriers_of(node.output())]
    found = [use.node for value in places for use in value.uses if use.node.op in _GATHERS and use.position == 1]
    kinds = {dtypes.name_of(node.attr.type("Tparams")) for node in found}
    return found if "int64" in kinds and len(found) > 1 else []


def _carriers_of(value: Value) -> Iterator[Value]:
    """Yields a value and what holds its numbers in another type or shape."""
    pending = [value]
    for item in pending:
        yield item
        pending += [node.output() for node, position in item.uses if node.op in NUMBER_CARRIERS and position == 0]


def number(value: Value) -> float | None:
    """Returns the value of a constant scalar or of a difference of two, None of what is fed or computed."""
    value = carried(value)
    if value.node.op == "Sub" and len(value.node.inputs) == 2:
        left, right = (number(item) if item.node.op != "Sub" else None for item in value.node.inputs)
        return None if left is None or right is None else left - right
    array = constant_value(value)
    return float(array.item()) if array is not None and array.size == 1 and array.dtype.kind in "biuf" else None


def carried(value: Value) -> Value:
    """Returns what a value was before the carriers; a variable's read stays what it is."""
    seen = set()
    while value.node.op in NUMBER_CARRIERS and value.node.inputs and value not in seen:
        if value.node.inputs[0].node.op in VARIABLE_OPS:
            break
        seen.add(value)
        value = value.node.inputs[0]
    return value


def _masks(uniform: Node) -> Iterator[tuple[Node, Value, bool]]:
    """Yields (mask, the probability it is compared with, whether the mask is true more often as that grows)."""
    for draw in _draws(uniform):
        for node, position in draw.uses:
            if len(node.inputs) != 2:
                continue
            other = node.inputs[1 - position]
            if node.op in _SUMS:
                floors = (use.node for use in node.output().uses if use.node.op == "Floor")
                yield from ((floor, other, True) for floor in floors)
            elif node.op in _COMPARISONS:
                yield node, other, _COMPARISONS[node.op] == 1 - position


def _draws(uniform: Node) -> Iterator[Value]:
    """Yields the values that are the random numbers, from 0 to 1, as they were drawn."""
    pending, seen = [uniform.output()], set()
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        yield value
        for node, position in value.uses:
            if (node.op in NUMBER_CARRIERS and position == 0) or _changes_nothing(node, position):
                pending += node.used_outputs


def _changes_nothing(node: Node, position: int) -> bool:
    """Whether an op multiplies by one or adds zero: random_uniform scales from its least to its greatest value."""
    neutral = {"Mul": 1, "Add": 0, "AddV2": 0}.get(node.op)
    return neutral is not None and len(node.inputs) == 2 and number(node.inputs[1 - position]) == neutral


def _keeps(mask: Node) -> bool | None:
    """Returns whether a mask is true (or 1) for what is kept; None if it is no dropout's.

    One that is multiplied keeps, and one by which sparse elements are retained; so does one that chooses between units
    and zeros, by the side the units are on. What is used both ways, as a choice between a random action and a good one,
    is no dropout.
    """
    found = {True} if retained_by(mask) else set[bool]()
    pending, seen = [(mask.output(), True)], set()
    while pending:
        value, kept = pending.pop()
        if (value, kept) in seen:
            continue
        seen.add((value, kept))
        for node, position in value.uses:
            if node.op in NUMBER_CARRIERS and position == 0:
                pending += [(item, kept) for item in node.used_outputs]
            elif node.op == "LogicalNot" or (node.op == "Sub" and position == 1 and number(node.inputs[0]) == 1):
                pending.append((node.output(), not kept))
            elif node.op == "Mul" and dtypes.name_of(node.attr.type("T")) in _FLOATS:
                found.add(kept)
            elif node.op in _SELECTS and position == 0 and len(node.inputs) == 3:
                found |= {kept == zero_last for zero_last in _zero_sides(node)}
    return found.pop() if len(found) == 1 else None


_FLOATS = ("float16", "bfloat16", "float32", "float64")


def _zero_sides(select: Node) -> Iterator[bool]:
    """Yields True if a Select gives zeros where its condition is false, False if where it is true."""
    for position, last in ((1, False), (2, True)):
        if is_zero(select.inputs[position]):
            yield last


def picked_from(value: Value) -> Value | None:
    """Returns the vector that is fed and of which a value is one element, at a constant position."""
    node = value.node
    return node.inputs[0] if _position(node) is not None and node.inputs[0].node.op in FEEDABLE_OPS else None


def elements_picked(vector: Value) -> int:
    """Returns how many elements a vector must have for all that reads it to pick one; 0 if something else reads it."""
    positions = [_position(use.node) if use.position == 0 else None for use in vector.uses]
    known = [position for position in positions if position is not None]
    return max(known) + 1 if known and len(known) == len(positions) else 0


def _position(node: Node) -> int | None:
    """Returns which element of a vector a StridedSlice picks, None for another node."""
    if node.op != "StridedSlice" or node.attr.int("shrink_axis_mask") != 1:
        return None
    begin = constant_value(node.inputs[1])
    return int(begin.item()) if begin is not None and begin.size == 1 and begin.item() >= 0 else None


def is_zero(value: Value) -> bool:
    """Whether a value is all zeros, whatever its shape turns out to be."""
    value = carried(value)
    if value.node.op == "Fill" and len(value.node.inputs) == 2:
        return number(value.node.inputs[1]) == 0
    if value.node.op in _ZEROS:
        return True
    array = constant_value(value)
    return array is not None and array.dtype.kind in "biuf" and not np.any(array)


def _sources(probability: Value, idle: float) -> Iterator[tuple[Value, float]]:
    """Yields where a probability comes from, each source with the number that makes the dropout idle."""
    pending, seen = [(probability, idle)], set()
    while pending:
        value, idle = pending.pop()
        value = carried(value)
        node = value.node
        if value in seen:
            continue
        seen.add(value)
        if node.op == "Sub" and len(node.inputs) == 2 and number(node.inputs[0]) == 1:
            pending.append((node.inputs[1], 1.0 - idle))
        elif node.op == "Mul" and idle == 0 and (factors := [item for item in node.inputs if number(item) is None]):
            pending += [(item, idle) for item in factors]  # a rate times is_training: either may be zero
        elif (vector := picked_from(value)) is not None:
            yield vector, idle
        else:
            yield value, idle
