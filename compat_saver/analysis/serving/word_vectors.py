"""Finds the table of word vectors of length one that word2vec and its kind compute from what they learned.

Where all of a model is a lookup, the program is after the table: it compares and draws its rows. No input leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compat_saver.analysis.walk import origin, spread
from compat_saver.graph.ir import Node

_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")
_READS = ("Identity", "ReadVariableOp", "Enter")
_SCALING = ("RealDiv", "Div", "Mul")
_LENGTHS = ("Sqrt", "Rsqrt", "Maximum")


def normalized_table(output: Node, readers: Mapping[Node, Sequence[Node]]) -> Node | None:
    """Returns the learned table that an output looks rows up in, scaled by the lengths of its rows, if there is one.

    Args:
        output: what would be served.
        readers: node -> what reads it in the forward graph.
    """
    if output.op not in _LOOKUPS:
        return None
    table = origin(output.inputs[0], _READS).node
    for node in spread([table], readers):
        if node.op in _SCALING and len(node.inputs) == 2:
            by = {origin(value, _READS).node for value in node.inputs} - {table}
            if len(by) == 1 and by.pop().op in _LENGTHS and table in (origin(v, _READS).node for v in node.inputs):
                return node
    return None
