"""Small models in graph text, written as TF1 left them: a `.meta` and a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from compat_saver.bundle import BundleWriter
from compat_saver.graph import Graph, parse_graph, to_graph_def
from compat_saver.proto.messages import MetaGraphDef, VariableDef
from compat_saver.proto.meta_graph import MetaGraph

DENSE = """
x = Placeholder[dtype=float32, shape=[?, 2]]
w = VariableV2[dtype=float32, shape=[2, 3]]
w/read = Identity[T=float32](w)
b = VariableV2[dtype=float32, shape=[3]]
b/read = Identity[T=float32](b)
product = MatMul[T=float32](x, w/read)
prediction = BiasAdd[T=float32](product, b/read)
"""
WEIGHTS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32([0.5, 0, -0.5])}


def make_meta(text: str, trainable: Iterable[str] = (), *, local: Iterable[str] = (), producer: int = 26) -> MetaGraph:
    """Makes the meta graph of a graph in text form; reads and initializers need not be there."""
    message = MetaGraphDef(graph_def=to_graph_def(parse_graph(text, producer)))
    message.meta_info_def.tensorflow_version = "1.15.5"
    for collection, names in (("trainable_variables", trainable), ("local_variables", local)):
        for name in names:
            record = VariableDef(
                variable_name=f"{name}:0", initializer_name=f"{name}/Assign", snapshot_name=f"{name}/read:0"
            )
            message.collection_def[collection].bytes_list.value.append(record.SerializeToString())
    return MetaGraph("model.ckpt.meta", message)


def write_checkpoint(prefix: Path, tensors: Mapping[str, np.ndarray]) -> Path:
    """Writes a V2 checkpoint and returns its prefix."""
    with BundleWriter(prefix, overwrite=True) as writer:
        for name, array in tensors.items():
            writer.add(name, array)
    return prefix


def write_model(
    directory: Path,
    text: str = DENSE,
    tensors: Mapping[str, np.ndarray] | None = None,
    trainable: Iterable[str] = ("w", "b"),
    **facts,
) -> Path:
    """Writes a checkpoint and its `.meta` into a directory and returns the prefix."""
    prefix = write_checkpoint(directory / "model.ckpt", WEIGHTS if tensors is None else tensors)
    meta = make_meta(text, trainable, **facts)
    prefix.with_name("model.ckpt.meta").write_bytes(meta.message.SerializeToString())
    return prefix


def chain(length: int, op: str = "Relu") -> Graph:
    """Makes a graph of nodes n0, n1, ... that read each other in turn: deeper than Python lets functions call."""
    graph = Graph(producer=26)
    value = graph.add("Placeholder", "n0").output()
    for number in range(1, length):
        value = graph.add(op, f"n{number}", [value]).output()
    return graph
