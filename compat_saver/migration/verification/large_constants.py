"""Feeds large constants of the graph of the reference run instead of importing them.

TensorFlow keeps several copies of a constant: in the message, in the graph and in the op that returns it, and none of
them is freed before the process ends. Of what is fed there is one. TensorFlow decodes the constants here as well.
"""

from __future__ import annotations

import numpy as np

from compat_saver import _tensorflow, dtypes
from compat_saver.graph import Graph, Node
from compat_saver.graph.attributes import shape_attr, type_attr
from compat_saver.proto.messages import Message

_LARGE = 1 << 20
"""In bytes; what shape functions want to know of a constant is smaller."""


def feed_large_constants(graph: Graph) -> dict[str, np.ndarray]:
    """Makes placeholders of large floating constants; returns what to feed: tensor name -> value.

    Args:
        graph: to be imported; it is changed. Constants in a loop or a branch, which have control inputs, are kept:
            a session cannot feed those.
    """
    tf, fed = _tensorflow.tensorflow(), dict[str, np.ndarray]()
    for node in graph:
        if (tensor := _large_tensor(node)) is not None:
            value = tf.make_ndarray(tf.compat.v1.AttrValue.FromString(node.attrs["value"].SerializeToString()).tensor)
            fed[node.output().name] = value
            node.op, node.attrs = "Placeholder", {"dtype": type_attr(tensor.dtype), "shape": shape_attr(value.shape)}
    return fed


def _large_tensor(node: Node) -> Message | None:
    if node.op != "Const" or node.control_inputs:
        return None
    tensor = node.attr.tensor("value")
    if tensor is None or not dtypes.is_known(tensor.dtype) or not dtypes.by_number(tensor.dtype).is_floating:
        return None
    return tensor if len(tensor.tensor_content) >= _LARGE else None
