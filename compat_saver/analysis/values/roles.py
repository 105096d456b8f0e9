"""What a variable is for: a weight, an optimizer's slot, a moving average, or something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from compat_saver.analysis.walk import origin
from compat_saver.graph import Graph, Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS

_APPLY = re.compile(r"(Resource)?(Sparse)?Apply\w+")
AVERAGE = "ExponentialMovingAverage"
"""The last part of the names that tf.train.ExponentialMovingAverage gives."""

_READS = ("Identity", "ReadVariableOp")
_SLOT_OF_OBJECT = "/.OPTIMIZER_SLOT/"
_POWER = re.compile(r"(.*/)?beta[12]_power(_\d+)?")


def slots_of_graph(graph: Graph) -> set[str]:
    """Returns the variables that optimizers keep for themselves: all that Apply ops read, but what they train.

    ApplyAdam(var, m, v, beta1_power, ...): the first input is the weight, other variables are slots.
    """
    kept = {_variable(value) for node in _steps(graph) for value in node.inputs[1:]} - {""}
    return kept - trained_by(graph)


def trained_by(graph: Graph) -> set[str]:
    """Returns the variables that the optimizers of a graph train."""
    return {_variable(node.inputs[0]) for node in _steps(graph)} - {""}


def _steps(graph: Graph) -> Iterator[Node]:
    return (node for node in graph if _APPLY.fullmatch(node.op) and node.inputs)


def _variable(value: Value) -> str:
    node = origin(value, _READS).node
    return node.name if node.op in ANY_VARIABLE_OPS else ""


def role_of(name: str, names: Collection[str], trainable: Collection[str], slots: Collection[str]) -> str:
    """Returns "trainable", "slot", "average" or "other".

    Sparse updates are made of Scatter and Assign ops, which show no slots; and without a graph nothing does. Then the
    name tells: one that extends that of a trainable variable, or of any, by a capitalised word (`w/Adam` beside `w`).
    The keys of slots in object-based checkpoints contain `.OPTIMIZER_SLOT`.

    Args:
        name: the variable.
        names: all variables.
        trainable: those that TF1 called trainable; empty without a graph.
        slots: those that the graph shows to be slots; empty without a graph.
    """
    if name in trainable:
        return "trainable"
    owner, _, word = name.rpartition("/")
    if word.startswith(AVERAGE):
        return "average"
    if name in slots or _POWER.fullmatch(name):
        return "slot"
    is_slot = (owner in (trainable or names) and word[:1].isupper()) or _SLOT_OF_OBJECT in name
    return "slot" if is_slot else "other"
