"""Object-based checkpoints, which tf.train.Checkpoint and Keras write: whose variable a key is.

Their keys are paths through objects (`model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE`), escaped; the tensor
`_CHECKPOINTABLE_OBJECT_GRAPH` holds the objects, their children and for every variable the name that it had.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from compat_saver.bundle import Checkpoint
from compat_saver.errors import FormatError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, Message, TrackableObjectGraph

VALUE = "VARIABLE_VALUE"
"""The `attribute` of a key that holds what a variable is."""

VALUE_KEY = f"/.ATTRIBUTES/{VALUE}"
"""How the key of a variable ends."""


@dataclass(frozen=True)
class ObjectKey:
    """Whose values a key of an object-based checkpoint holds.

    Attributes:
        key: the name of the tensor.
        path: the shortest way to the object from the root, by the names of attributes; that of an optimizer's slot is
            `VARIABLE/.OPTIMIZER_SLOT/OPTIMIZER/SLOT`.
        attribute: what of the object it is: "VARIABLE_VALUE", mostly.
        full_name: the name that the variable had in its graph; "" where none was written.
    """

    key: str
    path: str
    attribute: str
    full_name: str


def decode_object_graph(checkpoint: Checkpoint) -> Mapping[str, ObjectKey]:
    """Returns the keys that the object graph of a checkpoint names; empty for a checkpoint without one.

    Raises:
        FormatError: the object graph is damaged.
    """
    if OBJECT_GRAPH_KEY not in checkpoint:
        return {}
    nodes = _parse(checkpoint)
    paths = _paths(nodes, checkpoint.prefix)
    return {
        item.checkpoint_key: ObjectKey(item.checkpoint_key, paths.get(number, ""), item.name, item.full_name)
        for number, node in enumerate(nodes)
        for item in node.attributes
    }


@dataclass(frozen=True)
class StoredObject:
    """An object of an object graph.

    Attributes:
        children: name of the attribute -> number of the object.
        key: the key of its value, if it is a variable; "" otherwise.
        full_name: the name that the variable had; "" where none was written.
    """

    children: Mapping[str, int]
    key: str
    full_name: str


def stored_objects(checkpoint: Checkpoint) -> list[StoredObject]:
    """Returns the objects of an object graph by number, the root first; none for a checkpoint without one.

    Raises:
        FormatError: the object graph is damaged.
    """
    if OBJECT_GRAPH_KEY not in checkpoint:
        return []
    nodes = _parse(checkpoint)
    found = []
    for node in nodes:
        children = {child.local_name: _known(child.node_id, nodes, checkpoint.prefix) for child in node.children}
        value = next((item for item in node.attributes if item.name == VALUE), None)
        key, full_name = ("", "") if value is None else (value.checkpoint_key, value.full_name)
        found.append(StoredObject(children, key, full_name))
    return found


def find_object(objects: Sequence[StoredObject], path: str) -> int | None:
    """Returns the number of the object that a path leads to from the root, "" to the root itself; None for none."""
    number: int | None = 0 if objects else None
    for name in path.split("/") if path else ():
        number = None if number is None else objects[number].children.get(name)
    return number


def paths_from(objects: Sequence[StoredObject], start: int) -> dict[int, str]:
    """Returns the shortest path from an object to every one that can be reached."""
    paths, queue = {start: ""}, deque([start])
    while queue:
        number = queue.popleft()
        for name, child in objects[number].children.items():
            if child not in paths:
                paths[child] = _joined(paths[number], name)
                queue.append(child)
    return paths


def _parse(checkpoint: Checkpoint) -> Message:
    value = checkpoint[OBJECT_GRAPH_KEY]
    if value.dtype != object or value.shape != ():
        raise _bad(checkpoint.prefix, f"{value.dtype} of shape {value.shape}")
    try:
        return TrackableObjectGraph.FromString(value.item()).nodes
    except DecodeError as error:
        raise _bad(checkpoint.prefix, str(error)) from error


def _paths(nodes: Message, prefix: str) -> dict[int, str]:
    """Returns the shortest path to every object that can be reached, then those of slots, which no object holds."""
    paths, queue = {0: ""}, deque([0] if len(nodes) else [])
    while queue:
        number = queue.popleft()
        for child in nodes[number].children:
            if _known(child.node_id, nodes, prefix) not in paths:
                paths[child.node_id] = _joined(paths[number], child.local_name)
                queue.append(child.node_id)
    for number, node in enumerate(nodes):
        for slot in node.slot_variables:
            variable = paths.get(_known(slot.original_variable_node_id, nodes, prefix), "")
            where = _joined(_joined(variable, ".OPTIMIZER_SLOT"), _joined(paths.get(number, ""), slot.slot_name))
            paths.setdefault(_known(slot.slot_variable_node_id, nodes, prefix), where)
    return paths


def _known(number: int, nodes: Message, prefix: str) -> int:
    if not 0 <= number < len(nodes):
        raise _bad(prefix, f"a reference to object {number} of {len(nodes)}")
    return number


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _bad(prefix: str, found: str) -> FormatError:
    return FormatError("bad object graph", path=prefix, expected="a string with a TrackableObjectGraph", found=found)
