"""Imports a rewritten meta graph into a tf.Graph of its own, with a saver and without Python functions.

TensorFlow finds the Python function of a PyFunc by a token, `pyfunc_0` and so on, that every program counts anew: the
function of that token in this program is a different one. So the tokens are changed to such as no program has, and a
call fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.errors import GraphError, phrases_and_more
from compat_saver.graph import Graph
from compat_saver.graph.op_sets import HANDLE_OPS, PYTHON_OPS
from compat_saver.model.runnable.whole_graph import Importable
from compat_saver.proto.messages import Message
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.saver.saver import Saver

FOREIGN = b"a function of the program that wrote the graph: "
"""The start of a token that nothing in this program has."""

_LOCAL = "local_variables"
_MOST_SHOWN = 5


def import_with_saver(imported: Importable) -> tuple[Any, Saver | None]:
    """Returns the tf.Graph, and its own saver or a new one; None if there are no variables to save.

    Raises:
        GraphError: TensorFlow rejects the graph.
    """
    v1 = _tensorflow.tensorflow().compat.v1
    message = v1.MetaGraphDef.FromString(imported.meta.message.SerializeToString())
    graph = _tensorflow.tensorflow().Graph()
    with graph.as_default():
        try:
            saver = v1.train.import_meta_graph(message)
        except _tensorflow.tf_errors() as error:
            reason = f"{imported.meta.path}: TensorFlow rejects the graph"
            raise GraphError(f"{reason}: {_tensorflow.first_line(error)}") from error
        if saver is None:
            variables = _unlisted(graph, imported)
            saver = v1.train.Saver(variables) if variables else None
    return graph, None if saver is None else Saver.around(saver, graph)


def _unlisted(graph: Any, imported: Importable) -> dict[str, Any]:
    """Returns name -> variable of a graph whose collections list none: the reference, or what reads a resource."""
    local = imported.meta.collections.get(_LOCAL)
    listed = {record.name for record in imported.meta.variables()}
    listed |= set() if local is None else {name.partition(":")[0] for name in local.node_list.value}
    found = {}
    for node in variable_nodes(imported.graph):
        if node.name in listed:
            continue
        reads = (use.node for use in node.output().uses if use.node.op == "ReadVariableOp")
        read = next(reads, None) if node.op in HANDLE_OPS else node
        if read is not None:
            found[node.name] = graph.get_tensor_by_name(f"{read.name}:0")
    return found


# ---- Python functions


def disable_python(meta: MetaGraph) -> tuple[str, ...]:
    """Makes the ops of a meta graph call no Python function of this program, in place; returns notes for the user.

    Args:
        meta: a copy of what was read.
    """
    names = []
    for where, nodes in _bodies(meta.graph_def):
        for node in nodes:
            if node.op in PYTHON_OPS:
                node.attr["token"].s = FOREIGN + node.attr["token"].s
                names.append(f"{node.name!r} ({node.op}{where})")
    if not names:
        return ()
    return (
        "The graph calls Python functions of the program that wrote it, which no file holds: "
        f"{phrases_and_more(names, _MOST_SHOWN)}. What depends on them cannot run, unless their outputs are fed.",
    )


def _bodies(graph_def: Message) -> Iterator[tuple[str, Iterable[Message]]]:
    yield "", graph_def.node
    for function in graph_def.library.function:
        yield f" in the function {function.signature.name}", function.node_def


def remove_python(graph: Graph) -> None:
    """Removes the ops that call Python functions, and all that depends on them."""
    graph.remove_all(graph.dependents(node for node in graph if node.op in PYTHON_OPS))
