"""Follows a value through the ops that forward it unchanged, and gives all of them another type.

Used where a rewrite changes the type along an edge: a reference becomes a resource handle, a TensorArray's string
handle a resource.
"""

from __future__ import annotations

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS


def carried_to(value: Value, index: int, op: str) -> tuple[int, ...]:
    """Returns the outputs on which `op` forwards what it reads at input `index`; none if it does not forward it."""
    carrier = HANDLE_CARRIERS.get(op)
    if carrier is None or (carrier.inputs is not None and index not in carrier.inputs):
        return ()
    return carrier.outputs


def retype_carriers(value: Value, number: int) -> list[Value]:
    """Gives every op that forwards `value` the type `number`, and its plain form; returns the value and all copies."""
    found = {value: None}
    pending = [value]
    while pending:
        current = pending.pop()
        for user, index in current.uses:
            outputs = carried_to(current, index, user.op)
            if outputs:
                user.op = HANDLE_CARRIERS[user.op].plain
                user.attrs["T"] = type_attr(number)
            for copy in (user.output(port) for port in outputs):
                if copy not in found:
                    found[copy] = None
                    pending.append(copy)
    return list(found)
