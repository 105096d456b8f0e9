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
_PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2")


def normalized_table(output: Node, readers: Mapping[Node, Sequence[Node]]) -> Node | None:
    """Returns the learned table that an output looks rows up in, scaled by the lengths of its rows, if there is one.

    Args:
        output: what would be served.
        readers: node -> what reads it in the forward graph.
    """
    if output.op in _PRODUCTS:
        return _compared_table(output)
    if output.op not in _LOOKUPS:
        return None
    table = origin(output.inputs[0], _READS).node
    for node in spread([table], readers):
        if _scaled(node) is table:
            return node
    return None


def _compared_table(product: Node) -> Node | None:
    """Returns the table of which a product compares rows with all others."""
    one, two = (origin(value, (*_READS, "Transpose")).node for value in product.inputs)
    for rows, table in ((one, two), (two, one)):
        if rows.op in _LOOKUPS and origin(rows.inputs[0], _READS).node is table and _scaled(table) is not None:
            return table
    return None


def _scaled(node: Node) -> Node | None:
    """Returns what a node scales by lengths."""
    if node.op not in _SCALING or len(node.inputs) != 2:
        return None
    found = [origin(value, _READS).node for value in node.inputs]
    others = [item for item in found if item.op not in _LENGTHS]
    return others[0] if len(others) == 1 else None
