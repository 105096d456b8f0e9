"""TemporaryVariable, summed up and destroyed -> AddN: what tf.accumulate_n made up to TensorFlow 1.4.

A temporary variable exists for one step only and has no resource form. accumulate_n fills one with zeros, adds every
term to it, and takes its last value as the answer once all have been added:

    sum = TemporaryVariable
    start = Assign(sum, zeros)
    add_1, add_2, ... = AssignAdd(start, term)
    answer = DestroyTemporaryVariable(start, ^add_1, ^add_2, ...)

Source: accumulate_n in tensorflow/python/ops/math_ops.py, tensorflow/core/kernels/control_flow_ops.cc.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_MADE, _DESTROYED = "TemporaryVariable", "DestroyTemporaryVariable"


class TemporarySums(Successor):
    """Adds up in one op what such a variable was given; one that is used in another way is left standing."""

    name = "temporary_sums"
    ops: ClassVar = dict.fromkeys((_MADE, _DESTROYED), "AddN")
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Whether a node begins or ends such a sum."""
        if node.op == _DESTROYED:
            return _terms(node) is not None
        return any(_terms(end) for end in _ends(node))

    def rewrite(self, node: Node, build: Build) -> None:
        """Puts one AddN in the place of the last op; nothing needs the others then."""
        terms = _terms(node) if node.op == _DESTROYED else None
        if terms is None:
            return
        for add in node.control_inputs:
            if add.op == "AssignAdd" and add.inputs[0] is node.inputs[0]:
                node.remove_control_input(add)
        build.replace(build("AddN", *terms, T=node.attrs["T"], N=len(terms)))


def _ends(variable: Node) -> list[Node]:
    starts = [use.node for use in variable.output().uses if use.node.op == "Assign"]
    return [use.node for start in starts for use in start.output().uses if use.node.op == _DESTROYED]


def _terms(node: Node) -> list[Value] | None:
    """Returns what such a sum adds up, or None if the temporary variable is used in another way."""
    start = node.inputs[0].node
    if start.op != "Assign" or start.inputs[0].node.op != _MADE:
        return None
    users = dict.fromkeys(use.node for use in start.output().uses if use.node is not node)
    if len(start.inputs[0].uses) > 1 or any(user.op != "AssignAdd" or _is_read(user) for user in users):
        return None
    if not users or not users.keys() <= set(node.control_inputs):  # one may come too late to count
        return None
    first = start.inputs[1]
    return [*([] if first.node.op == "ZerosLike" else [first]), *(user.inputs[1] for user in users)]


def _is_read(node: Node) -> bool:
    return any(value.uses for value in node.used_outputs)
