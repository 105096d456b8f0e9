"""Writes the `variables/` of a SavedModel whose saved_model.pb is already there, taking bytes from file to file.

TensorFlow finds a variable in it by the path of attributes that leads there from the root, and finds the paths in a
serialized TrackableObjectGraph that lies among the tensors. Both are read off the object graph in saved_model.pb.
Source: tensorflow/python/checkpoint/graph_view.py (paths), tensorflow/python/trackable/trackable_utils.py (escapes).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from compat_saver.analysis.weights import Weight
from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.errors import GraphError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, Message, SavedModel, TrackableObjectGraph

_VALUE = "VARIABLE_VALUE"


def write_variables(weights: tuple[Weight, ...], checkpoint: Checkpoint | None, directory: Path) -> None:
    """Writes `directory/variables` for the model in `directory/saved_model.pb`.

    Raises:
        GraphError: the model's restore function looks for other names than those its object graph leads to.
    """
    model = SavedModel.FromString((directory / "saved_model.pb").read_bytes()).meta_graphs[0]
    objects = model.object_graph_def
    keys = {objects.nodes[node].variable.name: key for node, key in _variable_keys(objects)}
    _check_names(model, set(keys.values()))
    (directory / "variables").mkdir()
    with BundleWriter(directory / "variables" / "variables") as writer:
        writer.add(OBJECT_GRAPH_KEY, np.array(_trackable_graph(objects).SerializeToString(), dtype=object))
        for weight in weights:
            if weight.initial is not None:
                writer.add(keys[weight.name], weight.initial)
            elif checkpoint is not None:
                part = weight.location.part
                box = () if part is None else part.box
                writer.copy(keys[weight.name], checkpoint, weight.location.key, slices=box)


def _variable_keys(objects: Message) -> Iterator[tuple[int, str]]:
    """Yields (node, checkpoint key) of every variable, by the first path found breadth first."""
    paths: dict[int, str] = {0: ""}
    pending = deque([0])
    while pending:
        current = pending.popleft()
        for child in objects.nodes[current].children:
            if child.node_id not in paths:
                prefix = f"{paths[current]}/" if paths[current] else ""
                paths[child.node_id] = prefix + _escaped(child.local_name)
                pending.append(child.node_id)
    for node, path in paths.items():
        if objects.nodes[node].HasField("variable"):
            yield node, f"{path}/.ATTRIBUTES/{_VALUE}"


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def _trackable_graph(objects: Message) -> Message:
    """Returns the object graph in the form that checkpoints hold."""
    graph = TrackableObjectGraph()
    keys = dict(_variable_keys(objects))
    for number, item in enumerate(objects.nodes):
        node = graph.nodes.add()
        node.children.extend(item.children)
        if number in keys:
            node.attributes.add(name=_VALUE, full_name=item.variable.name, checkpoint_key=keys[number])
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
