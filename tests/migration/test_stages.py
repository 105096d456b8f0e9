"""Each stage of a plan by itself: what it takes, what it returns, what it does to the graph."""

import dataclasses

import pytest

import compat_saver
from compat_saver.errors import UsageError
from compat_saver.migration import stages
from compat_saver.migration.found_weights import find_weights
from compat_saver.migration.options import MigrationOptions
from compat_saver.model import LegacyModel
from compat_saver.model.folding import FoldedGraph, fold
from compat_saver.model.signature import make_requests
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint

WITH_TRAINING = DENSE + "target = Placeholder[dtype=float32, shape=[?, 3]]\nloss = Sub[T=float32](prediction, target)\n"


@pytest.fixture
def model(tmp_path):
    def make(text=WITH_TRAINING, tensors=WEIGHTS):
        checkpoint = compat_saver.open_checkpoint(write_checkpoint(tmp_path / "model.ckpt", tensors))
        return LegacyModel("checkpoint", "m", make_meta(text, ["w", "b"]), checkpoint)

    return make


def _chosen(model, **options):
    options = MigrationOptions(**options)
    folded = fold(model, options.serving)
    return folded, stages.choose(model, folded, options)


def test_choose_leaves_the_graph_whole(model):
    folded, served = _chosen(model(), signatures=make_requests(None, ["prediction"], None))
    assert {"loss", "target"} <= {node.name for node in folded.graph}
    assert [item.name for item in served.signatures] == ["serving_default"]
    assert list(served.points.outputs) == ["prediction:0"]
    assert {row.op: row.verdict for row in served.triage.rows}["Sub"] == "dropped"
    assert served.warnings == ()


def test_rewrite_cuts_to_what_is_served_and_keeps_references(model):
    opened = model()
    folded, served = _chosen(opened, signatures=make_requests(None, ["prediction"], None))
    rewritten = stages.rewrite(opened, folded, served)
    assert {"loss", "target"}.isdisjoint(node.name for node in folded.graph)
    assert [item.name for item in rewritten.rewrites] == ["prune"]
    assert folded.graph["w"].op == "VariableV2"
    assert [item.name for item in stages.to_resources(opened, folded.graph, served)] == ["ref_to_resource"]
    assert folded.graph["w"].op == "VarHandleOp"


def test_rewrite_refuses_an_input_that_is_missing(model):
    opened = model()
    folded, served = _chosen(opened, signatures=make_requests(["x"], ["loss"], None))
    with pytest.raises(UsageError, match="'target:0'"):
        stages.rewrite(opened, folded, served)


def test_obstacles_are_collected_from_all_stages(model):
    text = DENSE.replace("BiasAdd[T=float32](product, b/read)", "CudnnRNNOfSomebody[T=float32](product, b/read)")
    opened = model(text + "named = Identity[T=float32](prediction)\n", {"w": WEIGHTS["w"]})
    folded, served = _chosen(opened, signatures=make_requests(["x"], ["named"], None))
    obstacles = stages.find_obstacles(folded.graph, served, find_weights(opened, folded.graph))
    assert ["CudnnRNNOfSomebody" in obstacles[0], "'b' is not in" in obstacles[1]] == [True, True]


@pytest.mark.parametrize("kind", [FoldedGraph, stages.Served, stages.Rewritten], ids=lambda kind: kind.__name__)
def test_results_are_frozen_and_small(kind):
    assert len(dataclasses.fields(kind)) <= 6
    assert kind.__dataclass_params__.frozen
