"""A small model of all that a SavedModel can hold here: variables, lookup tables and a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from compat_saver.bundle import BundleWriter
from compat_saver.graph import Graph, parse_graph
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saved_model import (
    Asset,
    Contents,
    Endpoint,
    SavedSignature,
    Table,
    Variable,
    make_saved_model,
    table_keys,
    variable_key,
)

FLOAT, STRING, INT64 = 1, 7, 9
GRAPH = """
inputs/x = Placeholder[dtype=float32, shape=[?, 2]]
inputs/words = Placeholder[dtype=string, shape=[?]]
path = Placeholder[dtype=string, shape=[]]
scope/w = VarHandleOp[dtype=float32, shape=[2, 3], shared_name="scope/w"]
scope/b = VarHandleOp[dtype=float32, shape=[3], shared_name="scope/b"]
words = HashTableV2[key_dtype=string, value_dtype=int64, shared_name="words"]
fill = InitializeTableFromTextFileV2[key_index=-2, value_index=-1](words, path)
counts = MutableHashTableV2[key_dtype=string, value_dtype=int64, shared_name="counts"]
w = ReadVariableOp[dtype=float32](scope/w)
b = ReadVariableOp[dtype=float32](scope/b)
product = MatMul[T=float32](inputs/x, w)
sum = BiasAdd[T=float32](product, b, ^scope/b)
y = Identity[T=float32](sum)
unknown = Const[dtype=int64, value=int64[](-1)]
id = LookupTableFindV2[Tin=string, Tout=int64](words, inputs/words, unknown)
count = LookupTableFindV2[Tin=string, Tout=int64](counts, inputs/words, unknown)
"""
WEIGHTS = {"scope/w": np.float32([[1, 2, 3], [4, 5, 6]]), "scope/b": np.float32([0.5, 0, -0.5])}
WORDS = ("red", "green", "blue")
COUNTS = {"red": 7, "blue": 9}


def contents(graph: Graph | None = None) -> Contents:
    """Returns the model; its signature names its inputs against the order of its keys."""
    inputs = {"x": Endpoint("inputs/x", FLOAT, (None, 2)), "words": Endpoint("inputs/words", STRING, (None,))}
    outputs = {
        "y": Endpoint("y", FLOAT, (None, 3)),
        "id": Endpoint("id", INT64, None),
        "count": Endpoint("count", INT64, None),
    }
    return Contents(
        parse_graph(GRAPH, 26) if graph is None else graph,
        (SavedSignature("serving_default", inputs, outputs),),
        (Variable("scope/w", FLOAT, (2, 3), True), Variable("scope/b", FLOAT, (3,), False)),
        (
            Table("words", ("words",), STRING, INT64, ("fill",)),
            Table("counts", ("counts",), STRING, INT64, is_stored=True),
        ),
        (Asset("path", "words.txt"),),
    )


def write(directory: Path, model: Contents) -> Path:
    """Writes a model with WEIGHTS, WORDS and COUNTS."""
    parts = make_saved_model(model)
    (directory / "assets").mkdir(parents=True)
    (directory / "assets" / "words.txt").write_text("".join(f"{word}\n" for word in WORDS))
    with BundleWriter(directory / "variables" / "variables") as writer:
        writer.add(OBJECT_GRAPH_KEY, np.array(parts.checkpoint_objects, dtype=object))
        for name, value in WEIGHTS.items():
            writer.add(variable_key(name), value)
        for key, value in zip(table_keys("counts"), (list(COUNTS), list(COUNTS.values())), strict=True):
            writer.add(key, np.array(value, dtype=object) if key.endswith("keys") else np.int64(value))
    (directory / "saved_model.pb").write_bytes(parts.message.SerializeToString())
    return directory
