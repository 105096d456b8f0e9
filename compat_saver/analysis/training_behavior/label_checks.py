"""Finds checks and prints that the outputs wait for, of inputs that nothing else needs: the labels.

A program that checks its batch puts the model under a control dependency on tf.assert_less(labels, classes); served as
it is, such a model would ask for labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.served import CHANGES, Served
from compat_saver.analysis.walk import needed_from
from compat_saver.graph.ir import Node
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.passes.inference.edits import StopWaiting
from compat_saver.passes.structure.reference_semantics import nodes_after

_CHECKS = ("Assert", "Print", "PrintV2")


def find_label_checks(served: Served) -> Iterator[Finding]:
    """Yields the nodes that the outputs wait for only to check or print inputs that no output is computed from."""
    checks = [node for node in served.waited_for if node.op in _CHECKS]
    after = {*checks, *nodes_after([checks])}
    for node in _waited_for(served):
        before = needed_from([node.output()], served.inputs) if node in after else set()
        if _is_check(before) and _needs_more(served, before):
            stop = (StopWaiting(node.name),)
            yield Finding("label check", node.name, "no check", edits=stop, reference_edits=stop)


def _is_check(nodes: Collection[Node]) -> bool:
    return any(node.op in _CHECKS for node in nodes) and not any(CHANGES.fullmatch(node.op) for node in nodes)


def _needs_more(served: Served, nodes: Collection[Node]) -> bool:
    """Whether nodes need a placeholder, or an input of the signature, that no output is computed from."""
    if any(node.op in PLACEHOLDER_OPS and node not in served.forward for node in nodes):
        return True
    given = (value for value in served.inputs if any(use.node in nodes for use in value.uses))
    return not all(value in served.outputs or any(use.node in served.forward for use in value.uses) for value in given)


def _waited_for(served: Served) -> list[Node]:
    """Returns what the forward pass waits for; of a group of ops its parts, since some of them may stay."""
    found = dict.fromkeys(other for node in served.forward for other in node.control_inputs)
    pending = list(found)
    while pending:
        node = pending.pop()
        if _is_group(node):
            ahead = [other for other in node.control_inputs if other not in found]
            found |= dict.fromkeys(ahead)
            pending += ahead
    return [node for node in found if not _is_group(node)]


def _is_group(node: Node) -> bool:
    return node.op == "NoOp" and bool(node.control_inputs)
