"""The variables of a SavedModel of TensorFlow 2: its checkpoint names them by object, its graph by name.

The object graph of the SavedModel and that of its checkpoint number the objects alike, so that an object of both says
which key is the value of which variable, and whether it is trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from compat_saver.analysis.values.weights import Location
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import stored_objects
from compat_saver.graph import Graph
from compat_saver.proto.messages import Message


class ObjectVariable(NamedTuple):
    """A variable of the object graph.

    Attributes:
        name: in the graph.
        key: where its value is stored in the checkpoint.
        trainable: whether it is trained.
    """

    name: str
    key: str
    trainable: bool


def object_variables(message: Message, graph: Graph, checkpoint: Checkpoint | None) -> tuple[ObjectVariable, ...]:
    """Returns the variables that the object graph of a SavedModel names; none where it has no object graph.

    A name that two objects have is left out: the graph does not say which of them it means.

    Args:
        message: the MetaGraphDef.
        graph: its graph.
        checkpoint: its weights.
    """
    if checkpoint is None or not message.HasField("object_graph_def"):
        return ()
    found = tuple(_variables(message, _by_shared_name(graph), checkpoint))
    counts = Counter(item.name for item in found)
    return tuple(item for item in found if counts[item.name] == 1)


def _variables(message: Message, names: Mapping[str, str], checkpoint: Checkpoint) -> Iterator[ObjectVariable]:
    for node, stored in zip(message.object_graph_def.nodes, stored_objects(checkpoint), strict=False):
        if node.WhichOneof("kind") == "variable" and stored.key in checkpoint:
            name = node.variable.name.partition(":")[0]
            yield ObjectVariable(names.get(name, name), stored.key, node.variable.trainable)


def _by_shared_name(graph: Graph) -> dict[str, str]:
    handles = (node for node in graph if node.op == "VarHandleOp")
    return {node.attr.text("shared_name"): node.name for node in handles}


def object_locations(variables: tuple[ObjectVariable, ...]) -> dict[str, Location]:
    """Returns variable -> where its value is stored."""
    return {item.name: Location(item.key) for item in variables}
