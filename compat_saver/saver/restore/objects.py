"""Assigns the variables of a SavedModel of TensorFlow 2, whose own saver is a function and restores by object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import declared_shape
from compat_saver.bundle.object_graph import VALUE_KEY
from compat_saver.dtypes import base
from compat_saver.graph import Node
from compat_saver.graph.op_sets import HANDLE_OPS
from compat_saver.model.object_variables import ObjectVariable
from compat_saver.saver.matching.fit import Wanted
from compat_saver.saver.restore_ops.requests import Request


def object_requests(graph: Any, nodes: Mapping[str, Node], variables: Iterable[ObjectVariable]) -> list[Request]:
    """Returns what to fill, through new ops, for each variable of the object graph that is in the graph.

    Args:
        graph: the tf.Graph, which gets an assignment for each.
        nodes: name -> node of its variables.
        variables: those of the object graph.
    """
    tf = _tensorflow.tensorflow()
    found = []
    with graph.as_default(), tf.name_scope("compat_saver/restore"):
        for item in variables:
            node = nodes.get(item.name)
            if node is None or node.op not in HANDLE_OPS:
                continue
            number = base(node.attr.type("dtype"))
            value = tf.compat.v1.placeholder(tf.dtypes.as_dtype(number))
            handle = graph.get_tensor_by_name(f"{node.name}:0")
            assignment = tf.raw_ops.AssignVariableOp(resource=handle, value=value)
            keys = (item.key.removesuffix(VALUE_KEY), item.key, item.name)
            wanted = Wanted(item.name, number, declared_shape(node), keys)
            found.append(Request(wanted, value, (assignment,)))
    return found
