"""Every real artifact of the corpus; run by hand with COMPAT_SAVER_CORPUS set to its directory."""

import json
import os
from pathlib import Path

import pytest

from compat_saver.proto.files import read_graph_def, read_saved_model
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from compat_saver.sources import resolve

CORPUS = os.environ.get("COMPAT_SAVER_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="COMPAT_SAVER_CORPUS is not set")

KINDS = {
    "ckpt": {"checkpoint"},
    "ckpt_nometa": {"checkpoint"},
    "session_bundle": {"checkpoint"},
    "meta": {"checkpoint", "meta_graph"},
    "frozen": {"graph_def"},
    "saved_model": {"saved_model"},
    "hub": {"hub_module"},
    "h5": {"hdf5"},
}


def rows():
    return json.loads((Path(CORPUS) / "index.json").read_text()) if CORPUS else []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["artifact"])
def test_artifact(row):
    source = resolve(Path(CORPUS) / row["artifact"])
    assert source.kind in KINDS[row["kind"]]
    graph = None
    if source.kind == "graph_def":
        assert len(read_graph_def(source.path).node) == row["nodes"]
    elif source.kind in ("saved_model", "hub_module"):
        graph = MetaGraph(str(source.file), read_saved_model(source.file).meta_graphs[0])
    elif source.kind == "meta_graph" or (source.kind == "checkpoint" and source.meta is not None):
        graph = read_meta_graph(source.path if source.kind == "meta_graph" else source.meta_path)
        graph.variables()
    if graph is not None:
        found = (graph.tensorflow_version, graph.producer, len(graph.graph_def.node))
        assert found == (row["tensorflow_version"], row["producer"], row["nodes"])
