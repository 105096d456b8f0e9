"""Finds the scores of transitions in a chain of tags (CRF): a square matrix that is only added to scores.

tf.contrib.crf adds the matrix, with an axis before it, to what is known of each example so far; its loss also picks
elements out of it. No layer multiplies by it. Where the graph itself finds the best chain, the tags are the output.
Where it does not, the program did so outside with the matrix in hand, which is an output beside the logits.
Source: CrfForwardRnnCell and crf_binary_score in python/contrib/crf/python/ops/crf.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from compat_saver.analysis.known_values import stored_shape
from compat_saver.graph.ir import Node

_PASSING = frozenset({"Identity", "ReadVariableOp", "ExpandDims", "Reshape", "Enter", "Switch"})
_ADDING, _PICKING = frozenset({"Add", "AddV2"}), frozenset({"Gather", "GatherV2"})
_USUAL_NAME = "transitions"
"""The name that crf_log_likelihood gives a matrix of its own."""


def chain_weights(weights: Iterable[Node], readers: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """Returns the weights that are such matrices, in their order.

    Args:
        weights: what was learned.
        readers: node -> what reads it in the forward graph.
    """
    return [node for node in weights if node.name.rpartition("/")[2] == _USUAL_NAME or _is_chain(node, readers)]


def _is_chain(weight: Node, readers: Mapping[Node, Sequence[Node]]) -> bool:
    shape = stored_shape(weight.output())
    if shape is None or len(shape) != 2 or shape[0] != shape[1]:
        return False
    ops, pending, seen = set[str](), [weight], {weight}
    while pending:
        for reader in readers.get(pending.pop(), ()):
            ops.add(reader.op)
            if reader.op in _PASSING and reader not in seen:
                seen.add(reader)
                pending.append(reader)
    if not ops:  # kept by name when the graph was frozen
        return weight.op == "Const"
    return bool(ops & _ADDING) and "ExpandDims" in ops and ops <= _PASSING | _ADDING | _PICKING
