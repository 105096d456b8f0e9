"""Finds the loss behind a scaled one: in half precision a program scales the loss, and its gradients back.

Only a program's own division of gradients undoes a scale; one in the gradient of an op belongs to the model, such as
that of a dropout.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial

from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.walk import downstream, origin
from compat_saver.graph import Node, Value

_DIVISIONS = ("RealDiv", "Div")
_INVERSES = ("Reciprocal", "Inv")
_SAME_NUMBERS = ("Identity", "Cast", "StopGradient")
_IN_GRADIENT_OF_OP = re.compile(r"_grad(_\d+)?/")


def unscaled(loss: Value, start: Node, changes: Collection[Node]) -> Value:
    """Returns a loss without the scale that is undone before any variable changes, the loss itself if there is none.

    Args:
        loss: the tensor that a gradient was taken of.
        start: the ones that the gradient starts with.
        changes: the nodes that change variables.
    """
    if loss.node.op == "Mul":
        for scale, other in (loss.node.inputs, loss.node.inputs[::-1]):
            if downstream([start], partial(_undoes, scale)).isdisjoint(changes):
                return other
    return loss


def _undoes(scale: Value, node: Node) -> bool:
    """Whether a program divides by a scale here, or multiplies by its inverse."""
    if _IN_GRADIENT_OF_OP.search(node.name):
        return False
    if node.op == "Mul":
        return any(_is_inverse(value, scale) for value in node.inputs)
    return node.op in _DIVISIONS and _is_same(node.inputs[1], scale)


def _is_inverse(value: Value, scale: Value) -> bool:
    node = origin(value, _SAME_NUMBERS).node
    if node.op in _INVERSES:
        return _is_same(node.inputs[0], scale)
    if node.op in _DIVISIONS:
        return scalar(node.inputs[0]) == 1 and _is_same(node.inputs[1], scale)
    factor, number = scalar(value), scalar(scale)
    return factor is not None and number is not None and factor * number == 1


def _is_same(value: Value, scale: Value) -> bool:
    number = scalar(scale)
    if number is not None:
        return scalar(value) == number
    return origin(value, _SAME_NUMBERS) == origin(scale, _SAME_NUMBERS)
