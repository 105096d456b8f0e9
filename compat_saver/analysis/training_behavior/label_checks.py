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

_CHECKS = ("Assert", "Print", "PrintV2")


def find_label_checks(served: Served) -> Iterator[Finding]:
    """Yields the nodes that the outputs wait for only to check or print inputs that no output is computed from."""
    waited = (other for node in served.forward for other in node.control_inputs)
    for node in dict.fromkeys(part for other in waited for part in _parts(other)):
        before = needed_from([node.output()], served.inputs)
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


def _parts(node: Node) -> Iterator[Node]:
    """Yields what a group of ops waits for, or the node itself if it is none."""
    if node.op == "NoOp" and node.control_inputs:
        for other in node.control_inputs:
            yield from _parts(other)
    else:
        yield node
