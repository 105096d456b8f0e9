"""Writes the `variables/` of a SavedModel whose saved_model.pb is already there, taking bytes from file to file.

TensorFlow finds a variable in it by the path of attributes that leads there from the root, and finds the paths in a
serialized TrackableObjectGraph that lies among the tensors. Both are read off the object graph in saved_model.pb.
Source: tensorflow/python/checkpoint/graph_view.py (paths), tensorflow/python/trackable/trackable_utils.py (escapes).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from compat_saver._tensorflow import STORED_KEYS, STORED_VALUES
from compat_saver.analysis.values.tables import LookupTable
from compat_saver.analysis.values.weights import Weight
from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.errors import GraphError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, Message, SavedModel, TrackableObjectGraph

_VALUE = "VARIABLE_VALUE"
_TABLES = "tables"


def write_variables(
    weights: Sequence[Weight], tables: Sequence[LookupTable], checkpoint: Checkpoint | None, directory: Path
) -> None:
    """Writes `directory/variables` for the model in `directory/saved_model.pb`.

    Raises:
        GraphError: the model's restore function looks for other names than those its object graph leads to.
    """
    model = SavedModel.FromString((directory / "saved_model.pb").read_bytes()).meta_graphs[0]
    objects = model.object_graph_def
    stored = {table.name: table.stored for table in tables if table.stored is not None}
    attributes = list(_attributes(objects, stored.keys()))
    _check_names(model, {item.key for item in attributes})
    (directory / "variables").mkdir()
    with BundleWriter(directory / "variables" / "variables") as writer:
        writer.add(OBJECT_GRAPH_KEY, np.array(_trackable_graph(objects, attributes).SerializeToString(), dtype=object))
        keys = {(item.owner, item.name): item.key for item in attributes}
        for weight in weights:
            if weight.initial is not None:
                writer.add(keys[weight.name, _VALUE], weight.initial)
            elif checkpoint is not None:
                part = weight.location.part
                box = () if part is None else part.box
                writer.copy(keys[weight.name, _VALUE], checkpoint, weight.location.key, slices=box)
        for table, tensors in stored.items():
            for name, tensor in zip((STORED_KEYS, STORED_VALUES), tensors, strict=True):
                if checkpoint is not None:
                    writer.copy(keys[table, name], checkpoint, tensor)


class _Attribute(NamedTuple):
    """A tensor that belongs to an object.

    Attributes:
        node: the object's number in the object graph.
        owner: the TF1 name of the variable or the table.
        name: which of the object's tensors it is.
        key: its name in the checkpoint.
    """

    node: int
    owner: str
    name: str
    key: str


def _attributes(objects: Message, stored: Collection[str]) -> Iterator[_Attribute]:
    """Yields the value of every variable, and the keys and values of the tables in `stored`."""
    paths = _paths(objects)
    for number, path in paths.items():
        node = objects.nodes[number]
        if node.HasField("variable"):
            yield _Attribute(number, node.variable.name, _VALUE, f"{path}/.ATTRIBUTES/{_VALUE}")
    tables = next((child.node_id for child in objects.nodes[0].children if child.local_name == _TABLES), None)
    for child in () if tables is None else objects.nodes[tables].children:
        if child.local_name in stored:
            for name in (STORED_KEYS, STORED_VALUES):
                key = f"{paths[child.node_id]}/.ATTRIBUTES/{name}"
                yield _Attribute(child.node_id, child.local_name, name, key)


def _paths(objects: Message) -> dict[int, str]:
    """Returns the first path to each node, breadth first, as checkpoints spell it."""
    paths: dict[int, str] = {0: ""}
    pending = deque([0])
    while pending:
        current = pending.popleft()
        for child in objects.nodes[current].children:
            if child.node_id not in paths:
                prefix = f"{paths[current]}/" if paths[current] else ""
                paths[child.node_id] = prefix + _escaped(child.local_name)
                pending.append(child.node_id)
    return paths


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def _trackable_graph(objects: Message, attributes: Sequence[_Attribute]) -> Message:
    """Returns the object graph in the form that checkpoints hold."""
    graph = TrackableObjectGraph()
    for item in objects.nodes:
        graph.nodes.add().children.extend(item.children)
    for item in attributes:
        full_name = item.owner if item.name == _VALUE else ""
        graph.nodes[item.node].attributes.add(name=item.name, full_name=full_name, checkpoint_key=item.key)
    return graph


def _check_names(model: Message, keys: set[str]) -> None:
    """Compares the keys with the names that the model's own restore function asks for."""
    asked = {
        text.decode()
        for function in model.graph_def.library.function
        for node in function.node_def
        if node.name.endswith("RestoreV2/tensor_names")
        for text in node.attr["value"].tensor.string_val
    }
    if asked != keys | {OBJECT_GRAPH_KEY}:
        odd = sorted(asked ^ (keys | {OBJECT_GRAPH_KEY}))[:3]
        raise GraphError(
            f"The written model looks for its weights under other names than expected, for one {odd[0]!r}. This "
            "release of TensorFlow is newer than compat_saver knows; use 2.16 to 2.21."
        )
