"""Finds what no TensorFlow loads: an op that is given a type which it does not take.

Tools that edit graphs leave such files, such as optimize_for_inference with another placeholder type than the graph's.
"""

from __future__ import annotations

from compat_saver import dtypes
from compat_saver.errors import GraphError
from compat_saver.graph.ir import Node
from compat_saver.graph.ops import OpCatalog


def wrong_input(node: Node, catalog: OpCatalog) -> str:
    """Returns why a node cannot be as it is in the file, a phrase; "" if its inputs have the types that it takes."""
    try:
        for value, number in zip(node.inputs, catalog.input_types(node), strict=False):
            wanted, found = dtypes.base(number), dtypes.base(catalog.type_of(value))
            if wanted != found:
                names = dtypes.name_of(wanted), dtypes.name_of(found)
                return f"takes {names[0]} where {value.name!r} is {names[1]}, so the file itself is not valid"
    except GraphError:  # nothing defines an op: its types are unknown
        pass
    return ""
