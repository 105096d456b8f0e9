"""Follows a value back through ops that hand their first input on."""

from __future__ import annotations

from collections.abc import Collection

from compat_saver.graph.ir import Value


def origin(value: Value, carriers: Collection[str]) -> Value:
    """Returns where a value comes from, looked at through ops of the given names.

    A damaged graph may go around in a circle; the walk ends where it would begin again.
    """
    seen = set()
    while value.node.op in carriers and value.node.inputs and value not in seen:
        seen.add(value)
        value = value.node.inputs[0]
    return value
