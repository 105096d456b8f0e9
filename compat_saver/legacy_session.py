"""Mechanics of running a legacy graph in a `tf.compat.v1.Session`: import, run ops by name.

Verification, `restore` and the computation of initial values share them; when to run what, and what a failure means,
is theirs to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from compat_saver import _tensorflow
from compat_saver.graph import Graph, to_graph_def
from compat_saver.proto.messages import Message, OpList


def tf_graph_def(graph: Graph) -> Any:
    """Returns a graph as TensorFlow's own GraphDef message."""
    tf = _tensorflow.tensorflow()
    return tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())


def import_graph(graph: Graph, stripped_ops: Mapping[str, Message] | None = None) -> Any:
    """Imports a graph into a tf.Graph of its own, names unchanged.

    Args:
        graph: the graph.
        stripped_ops: op -> the OpDef that its meta graph recorded. As in import_meta_graph, attributes that current
            TensorFlow does not know are then dropped if they have the default values recorded there.

    Raises:
        One of `_tensorflow.tf_errors()`: TensorFlow rejects the graph.
    """
    tf = _tensorflow.tensorflow()
    ops = _tensorflow.op_list(OpList(op=stripped_ops.values()).SerializeToString()) if stripped_ops else None
    imported = tf.Graph()
    with imported.as_default():
        tf.graph_util.import_graph_def(tf_graph_def(graph), name="", producer_op_list=ops)
    return imported


def run_ops(session: Any, names: Iterable[str], feeds: Mapping[str, Any]) -> None:
    """Runs ops by name in one call, such as the initializers of tables or the init op of a SavedModel.

    Args:
        session: the tf.compat.v1.Session.
        names: the ops.
        feeds: tensor name -> value.

    Raises:
        One of `_tensorflow.tf_errors()`: TensorFlow fails to run them, or the graph has no such op.
    """
    session.run([session.graph.get_operation_by_name(name) for name in names], dict(feeds))


def table_file_feeds(graph: Graph, paths: Mapping[str, str | PathLike[str]]) -> dict[str, str]:
    """Returns tensor name -> path for initializers that read a table from a file, so that they read another one.

    Args:
        graph: the graph.
        paths: node of the initializer -> the file to read.
    """
    return {graph[name].inputs[1].name: str(path) for name, path in paths.items()}
