"""What a variable is for: a weight, an optimizer's slot, a moving average, or something else."""

from __future__ import annotations

import re
from collections.abc import Collection

from compat_saver.graph import Graph, Node
from compat_saver.passes.ref_counterparts import VARIABLE_OPS

_APPLY = re.compile(r"(Resource)?(Sparse)?Apply\w+")
_AVERAGE = "ExponentialMovingAverage"
_CARRIERS = ("Identity", "ReadVariableOp")
_POWER = re.compile(r"(.*/)?beta[12]_power(_\d+)?")


def slots_of_graph(graph: Graph) -> set[str]:
    """Returns the variables that optimizers keep for themselves: all that Apply ops read, but what they train.

    ApplyAdam(var, m, v, beta1_power, ...): the first input is the weight, other variables are slots.
    """
    trained: set[str] = set()
    kept: set[str] = set()
    for node in graph:
        if _APPLY.fullmatch(node.op) and node.inputs:
            first, *others = (_variable(value.node) for value in node.inputs)
            trained |= {first} - {""}
            kept |= set(others) - {""}
    return kept - trained


def _variable(node: Node) -> str:
    while node.op in _CARRIERS and node.inputs:
        node = node.inputs[0].node
    return node.name if node.op in (*VARIABLE_OPS, "VarHandleOp") else ""


def role_of(name: str, names: Collection[str], trainable: Collection[str], slots: Collection[str]) -> str:
    """Returns "trainable", "slot", "average" or "other".

    Where no graph tells, a name that extends another by one word (`w/Adam` beside `w`) is a slot's.

    Args:
        name: the variable.
        names: all variables.
        trainable: those that TF1 called trainable; empty without a graph.
        slots: those that the graph shows to be slots; empty without a graph.
    """
    if name in trainable:
        return "trainable"
    owner, _, word = name.rpartition("/")
    if word.startswith(_AVERAGE):
        return "average"
    if name in slots or _POWER.fullmatch(name):
        return "slot"
    is_slot = not trainable and owner in names and word[:1].isupper()
    return "slot" if is_slot else "other"
