"""Variables that the forward pass changes on its way, though only training needs that.

1. A fake quantization reads its range from the op that updates it: it reads the variable.
2. An average that the forward pass takes right after it was updated: it reads the variable.
3. Something waits for an update that no output depends on, or that depends on weights alone (the power iteration of a
   spectral norm): nothing waits for it.

A state that inference keeps on purpose (a counter in the output, the state of a recurrent network) depends on the
input or is read itself, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from compat_saver import dtypes
from compat_saver.analysis.serving.modes import is_statistic
from compat_saver.analysis.training_behavior.batch_norm import Stored
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.served import Served, downstream
from compat_saver.analysis.training_behavior.updates import Change
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS
from compat_saver.passes.inference.edits import ReadVariable, Redirect, StopWaiting

_QUANTIZATION = "FakeQuantWithMinMaxVars"
_CHANGING = re.compile(r"Assign|Scatter|(Resource)?(Sparse)?Apply|ResourceScatter")
_PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "Conv2D")


def find_side_updates(
    served: Served, changes: Mapping[Node, list[Change]], handled: Iterable[str], stored: Stored
) -> Iterator[Finding]:
    """Yields updates that the outputs read or wait for.

    Args:
        served: the graph.
        changes: variable -> what changes it.
        handled: the nodes that other findings stop already.
        stored: reads the value of a variable.
    """
    done = set(handled)
    for items in changes.values():
        for item in items:
            if item.node.name not in done and (finding := _finding(served, item, done, stored)) is not None:
                yield finding


def _finding(served: Served, change: Change, done: Collection[str], stored: Stored) -> Finding | None:
    node, variable = change.node, change.variable
    if node in served.forward:
        what = _read_after_update(served, change)
        if not what:
            return None
        if stored(variable) is None:
            return Finding(what, node.name, reason=f"{variable.name!r} is not in the checkpoint")
        read = ReadVariable(variable.name, dtypes.base(variable.attr.type("dtype")))
        value = node.output()
        edits = (served.redirect(value, read), StopWaiting(node.name))
        return _found(what, node, variable, "the stored value", edits)
    if node in served.waited_for and (not _is_needed(served, change, done) or _is_power_iteration(served, change)):
        return _found("variable update", node, variable, "no update", (StopWaiting(node.name),))
    return None


def _found(what: str, node: Node, variable: Node, became: str, edits: tuple[Redirect | StopWaiting, ...]) -> Finding:
    return Finding(what, node.name, became, variables=(variable.name,), edits=edits, reference_edits=edits)


def _read_after_update(served: Served, change: Change) -> str:
    """Returns what reads an updated variable as training does; "" for a state that inference keeps."""
    for use in served.readers(change.node.output()):
        if use.node.op.startswith(_QUANTIZATION):
            return "quantization range"
    is_average = _reads_itself(change) and _has_statistic(change.value)
    return "moving average" if is_average and served.is_data(change.value) else ""


def _reads_itself(change: Change) -> bool:
    """Whether the new value of a variable is made of the old one."""
    if change.node.op not in ("Assign", "AssignVariableOp"):
        return True
    return any(_variable_of(value) is change.variable for value in _around(change.value))


def _has_statistic(value: Value) -> bool:
    return any(is_statistic(item) for item in _around(value))


def _around(value: Value) -> Iterator[Value]:
    """Yields a value and what it is computed from, three ops deep: an average is a product and a sum."""
    level = [value]
    for _ in range(4):
        yield from level
        level = [item for before in level for item in before.node.inputs]


def _variable_of(value: Value) -> Node | None:
    node = value.node
    if node.op in ("Identity", "ReadVariableOp") and node.inputs:
        node = node.inputs[0].node
    return node if node.op in ANY_VARIABLE_OPS else None


def _is_needed(served: Served, change: Change, done: Collection[str]) -> bool:
    """Whether the outputs read a variable, or wait for the change of another one that does, as a training step."""
    if change.variable in served.forward:
        return True
    readers = downstream([change.variable.output()])
    return any(
        node is not change.node and node.name not in done and _CHANGING.match(node.op) and node in served.waited_for
        for node in readers
    )


def _is_power_iteration(served: Served, change: Change) -> bool:
    """Whether a variable gets a value that depends on weights alone, by a product with one."""
    if served.is_data(change.value) or change.value.node in served.on_chance:
        return False
    before = served.upstream([change.value])
    weights = {item for item in before if item.op in ANY_VARIABLE_OPS and item is not change.variable}
    return bool(weights) and change.variable in before and any(item.op in _PRODUCTS for item in before)
