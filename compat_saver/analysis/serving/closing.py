"""Finds what rearranges the output of the last layer for the program itself, and not for the loss alone.

A closing Reshape, Squeeze, Transpose or Pack is what the program calls its output, `[?, 2]` and not `[?, 1, 1, 2]`,
though the loss may be all that reads it. It is the loss's own where

- it is in a scope that is named for a loss or a metric;
- it makes rows of examples, `[?, 4, 4, 2]` to `[?, 2]`: an example is no longer one;
- the labels are rearranged by the same op for the same reader;
- the program goes on with what was rearranged: it reads a Softmax off it, say.
"""

from __future__ import annotations

import math

from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.serving.names import LOSS_WORD, has_own_name
from compat_saver.analysis.serving.parts import Forward
from compat_saver.analysis.walk import origin
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node

_CLOSING = ("Reshape", "Squeeze", "ExpandDims", "Transpose", "Pack", "ConcatV2")
_TIME_MAJOR = ("GatherTree", "TensorArrayGather", "TensorArrayGatherV2", "TensorArrayGatherV3", "TensorListStack")
"""What loops write step by step, so that the batch is the second axis."""


def closing_nodes(graph: Graph, parts: Forward) -> set[Node]:
    """Returns the nodes that rearrange an output and belong to it."""
    found = [node for node in graph if node.op in _CLOSING and parts.is_end(node) and parts.is_last(node)]
    return {node for node in found if _belongs_to_output(graph, node, parts)}


def _belongs_to_output(graph: Graph, node: Node, parts: Forward) -> bool:
    if any(LOSS_WORD.fullmatch(word) for word in node.name.split("/")[:-1]):
        return False
    if has_own_name(node) and not parts.readers.get(node) and not LOSS_WORD.fullmatch(node.name.rpartition("/")[2]):
        return True
    if origin(node.inputs[0], (*_CLOSING, "Identity")).node.op == "ArgMax":  # classes, for an accuracy
        return False
    if any(reader.op in _CLOSING and has_own_name(reader) for reader in parts.readers[node]):
        return False  # that is what the program calls its output
    before = node.inputs[0].node
    beside = [item for item in parts.readers[before] if item is not node]
    after = [item for reader in parts.readers[node] for item in _past_identities(reader, parts)]
    if _has_more_axes(graph, node):  # examples again, of which the classes may be read off
        after = [item for item in after if item.op != "ArgMax"]
    if any(item not in parts.loss and item not in parts.passing for item in (*beside, *after)):
        return False
    return _keeps_examples(graph, node, is_read=bool(after)) and not _is_done_to_labels(node, parts)


def _past_identities(node: Node, parts: Forward) -> list[Node]:
    """Returns a node, or, of an Identity or another closing node, what reads it."""
    if node.op not in (*_CLOSING, "Identity"):
        return [node]
    return [item for reader in parts.readers[node] for item in _past_identities(reader, parts)]


def _keeps_examples(graph: Graph, node: Node, *, is_read: bool) -> bool:
    if node.op == "Transpose":
        return origin(node.inputs[0], ("Identity",)).node.op in _TIME_MAJOR
    if node.op == "ConcatV2":
        axis = constant_value(node.inputs[-1])
        return axis is not None and axis.item() != 0
    before, after = static_shape(graph, node.inputs[0]), static_shape(graph, node.output())
    if not before or not after:
        return node.op != "Reshape" or not is_read
    if _has_more_axes(graph, node):  # rows that were made for a layer become examples again
        return True
    size, result = _elements(before), _elements(after)
    if size is None or result is None:
        return False
    if before[0] == 1:  # one example may be all there is, of any shape
        return size == result * after[0] if after[0] is not None else False
    return before[0] == after[0] and size == result


def _has_more_axes(graph: Graph, node: Node) -> bool:
    before, after = static_shape(graph, node.inputs[0]), static_shape(graph, node.output())
    return bool(before) and bool(after) and len(after or ()) > len(before or ())


def _elements(shape: Shape) -> int | None:
    """Returns how many elements an example has, None if that is not known."""
    sizes = [size for size in (shape or ())[1:] if size is not None]
    return math.prod(sizes) if len(sizes) == len(shape or ()) - 1 else None


def _is_done_to_labels(node: Node, parts: Forward) -> bool:
    readers = [reader for reader in parts.readers[node] if reader in parts.loss]
    beside = {value.node for reader in readers for value in reader.inputs} - {node}
    return any(item.op == node.op and item in parts.labelled for item in beside)
