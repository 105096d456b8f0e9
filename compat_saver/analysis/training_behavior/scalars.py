"""Evaluates scalar arithmetic on constants, as dropouts write it: 1 / (1 - rate)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.serving.dropouts import carried
from compat_saver.graph.ir import Value

_DEEPEST = 32
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "Add": lambda a, b: a + b,
    "AddV2": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "RealDiv": lambda a, b: a / b,
    "Pow": lambda a, b: a**b,
    "Neg": lambda a: -a,
    "Square": lambda a: a * a,
    "Sqrt": math.sqrt,
    "Rsqrt": lambda a: 1 / math.sqrt(a),
    "Reciprocal": lambda a: 1 / a,
    "Inv": lambda a: 1 / a,
}


_NONE: Mapping[Value, float] = {}


def scalar(value: Value, assumed: Mapping[Value, float] = _NONE, deepest: int = _DEEPEST) -> float | None:
    """Returns the number that a value is; None if it is no constant, or not one number throughout.

    A constant array counts if all its elements are equal.

    Args:
        value: any value of a graph.
        assumed: numbers to compute with in place of computed values.
        deepest: how many ops to look through.
    """
    value = carried(value)
    node = value.node
    if value in assumed:
        return assumed[value]
    if node.op == "Const":
        array = constant_value(value)
        is_one = array is not None and array.dtype.kind in "biuf" and array.size > 0 and (array == array.flat[0]).all()
        return float(array.flat[0]) if is_one and array is not None else None
    function = _FUNCTIONS.get(node.op)
    if function is None or deepest == 0:
        return None
    numbers = [scalar(item, assumed, deepest - 1) for item in node.inputs]
    try:
        return float(function(*(item for item in numbers if item is not None))) if None not in numbers else None
    except (ArithmeticError, ValueError, TypeError):
        return None


def computed_leaves(value: Value) -> list[Value]:
    """Returns what scalar arithmetic starts from, apart from constants."""
    found: list[Value] = []
    pending = [value]
    while pending:
        item = carried(pending.pop())
        if item.node.op in _FUNCTIONS:
            pending += item.node.inputs
        elif scalar(item) is None and item not in found:
            found.append(item)
    return found
