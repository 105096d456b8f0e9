"""Finds checks and prints that the outputs wait for, of inputs that nothing else needs: the labels.

A program that checks its batch puts the model under a control dependency on tf.assert_less(labels, classes); served as
it is, such a model would ask for labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.served import CHANGES, Served
from compat_saver.analysis.walk import needed_from
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.inference.edits import StopWaiting

_CHECKS = ("Assert", "Print", "PrintV2")


def find_label_checks(served: Served) -> Iterator[Finding]:
    """Yields the nodes that the outputs wait for only to check or print inputs that no output is computed from."""
    labels = {value for value in served.inputs if not _is_needed(served, value)}
    waiting = [node for node in served.forward if node.control_inputs] if labels else []
    for node in dict.fromkeys(part for item in waiting for other in item.control_inputs for part in _parts(other)):
        before = needed_from([node.output()], served.inputs)
        is_check = any(item.op in _CHECKS for item in before) and not any(CHANGES.fullmatch(item.op) for item in before)
        if is_check and any(use.node in before for value in labels for use in value.uses):
            stop = (StopWaiting(node.name),)
            yield Finding("label check", node.name, "no check", edits=stop, reference_edits=stop)


def _is_needed(served: Served, value: Value) -> bool:
    return value in served.outputs or any(use.node in served.forward for use in value.uses)


def _parts(node: Node) -> Iterator[Node]:
    """Yields what a group of ops waits for, or the node itself if it is none."""
    if node.op == "NoOp" and node.control_inputs:
        for other in node.control_inputs:
            yield from _parts(other)
    else:
        yield node
