"""Feeds a tensor: what read it reads something else. As TensorFlow's session does it."""

from __future__ import annotations

from compat_saver.graph.ir import Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS


def feed(value: Value, other: Value) -> None:
    """Makes all that reads `value` read `other`.

    What waits for a fed placeholder no longer waits: it would never run. Any other node that computes a fed tensor
    still runs for those who wait for it. Source: FeedInputs in tensorflow/core/graph/subgraph.cc.
    """
    value.replace_uses(other)
    if value.node.op in PLACEHOLDER_OPS:
        for user in value.node.control_uses:
            user.remove_control_input(value.node)
