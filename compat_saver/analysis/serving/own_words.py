"""Finds the words of a decoder without a loop that goes on from its own words: each step reads the largest before it.

The last step depends on all others, and yet all of them are the output.
"""

from __future__ import annotations

from compat_saver.analysis.serving.parts import READ_OFF_OPS, Forward
from compat_saver.analysis.walk import origin, spread
from compat_saver.graph.ir import Node


def words_before(last: Node, parts: Forward) -> list[Node]:
    """Returns what an output goes on from by its largest element, where the same last layer made it; by step.

    Args:
        last: what makes the scores of the last word.
        parts: the parts of the graph.
    """
    layers = {layer for found in parts.layers.values() if last in found for layer in found if layer is not last}
    largest = {node: origin(node.output(), READ_OFF_OPS).node for node in parts.fed if node.op == "ArgMax"}
    leading = (made for node, made in largest.items() if made in layers and last in spread([node], parts.readers))
    found = list(dict.fromkeys(leading))
    return sorted(found, key=lambda node: -len(spread([node], parts.readers)))
