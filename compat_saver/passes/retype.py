"""Follows a value through the ops that hand it on unchanged, and gives all of them another type.

Used where a rewrite changes what flows along an edge: a reference becomes a resource handle, a TensorArray's string
handle a resource.
"""

from __future__ import annotations

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Value

# op -> (its name when it carries plain values, which inputs it hands on, to which outputs)
CARRIERS: dict[str, tuple[str, tuple[int, ...] | None, tuple[int, ...]]] = {
    "Identity": ("Identity", (0,), (0,)),
    "Enter": ("Enter", (0,), (0,)),
    "Exit": ("Exit", (0,), (0,)),
    "Switch": ("Switch", (0,), (0, 1)),
    "Merge": ("Merge", None, (0,)),  # None: every input
    "NextIteration": ("NextIteration", (0,), (0,)),
    "RefIdentity": ("Identity", (0,), (0,)),
    "RefEnter": ("Enter", (0,), (0,)),
    "RefExit": ("Exit", (0,), (0,)),
    "RefSwitch": ("Switch", (0,), (0, 1)),
    "RefMerge": ("Merge", None, (0,)),
    "RefNextIteration": ("NextIteration", (0,), (0,)),
}


def carried_to(value: Value, index: int, op: str) -> tuple[int, ...]:
    """Returns the outputs on which `op` hands on what it reads at input `index`; none if it does something else."""
    carrier = CARRIERS.get(op)
    if carrier is None or (carrier[1] is not None and index not in carrier[1]):
        return ()
    return carrier[2]


def retype_carriers(value: Value, number: int) -> list[Value]:
    """Gives every op that hands `value` on the type `number`, and its plain form; returns the value and all copies."""
    found = {value: None}
    pending = [value]
    while pending:
        current = pending.pop()
        for user, index in current.uses:
            outputs = carried_to(current, index, user.op)
            if outputs:
                user.op = CARRIERS[user.op][0]
                user.attrs["T"] = type_attr(number)
            for copy in (user.output(port) for port in outputs):
                if copy not in found:
                    found[copy] = None
                    pending.append(copy)
    return list(found)
