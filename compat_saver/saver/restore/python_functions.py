"""Ops that call Python functions of the program that wrote a graph, which no file holds.

TensorFlow finds such a function by a token, `pyfunc_0` and so on, that every program counts anew: the function of that
token in this program is another one. So the tokens are made such as no program has, and a call fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compat_saver.graph import Graph
from compat_saver.graph.op_sets import PYTHON_OPS
from compat_saver.proto.messages import Message
from compat_saver.proto.meta_graph import MetaGraph

FOREIGN = b"a function of the program that wrote the graph: "
"""What a token begins with that nothing in this program has."""

_MOST_SHOWN = 5


def disown(meta: MetaGraph) -> tuple[str, ...]:
    """Makes the ops of a meta graph call nothing of this program, in place; returns what to tell of it.

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
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return (
        f"Python functions of the program that wrote the graph, which no file holds: {', '.join(names[:_MOST_SHOWN])}"
        f"{more}. What depends on them cannot run, unless what they return is fed.",
    )


def _bodies(graph_def: Message) -> Iterator[tuple[str, Iterable[Message]]]:
    yield "", graph_def.node
    for function in graph_def.library.function:
        yield f" in the function {function.signature.name}", function.node_def


def remove_python(graph: Graph) -> None:
    """Takes the ops out that call Python functions, and all that depends on them."""
    graph.remove_all(graph.dependents(node for node in graph if node.op in PYTHON_OPS))
