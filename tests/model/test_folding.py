"""The graph in inference, from which outputs are inferred: for inspect, a migration and restore alike."""

import pytest

import compat_saver
from compat_saver.analysis.serving.proposal import propose
from compat_saver.model import LegacyModel
from compat_saver.model.folding import fold
from compat_saver.model.signature import ServingRequest
from tests.small_models import DENSE, make_meta, write_model

LEFTOVER = (
    DENSE
    + """
never = Const[dtype=bool, value=bool[](false)]
cond/Switch = Switch[T=float32](prediction, never)
cond/off = Neg[T=float32](cond/Switch)
cond/on = Abs[T=float32](cond/Switch:1)
cond/Merge = Merge[T=float32, N=2](cond/off, cond/on)
scaled = Mul[T=float32](cond/Merge, cond/Merge)
final = Add[T=float32](scaled, cond/Merge)
"""
)
MODE = (
    DENSE
    + """
is_training = Placeholder[dtype=bool, shape=[]]
cond/Switch = Switch[T=float32](prediction, is_training)
cond/on = Abs[T=float32](cond/Switch:1)
cond/Merge = Merge[T=float32, N=2](cond/Switch, cond/on)
"""
)


def model(text):
    return LegacyModel("checkpoint", "m", make_meta(text, ["w", "b"]))


def test_a_node_that_lost_its_readers_is_a_leftover():
    folded = fold(model(LEFTOVER), ServingRequest())
    assert "cond/Merge" in folded.leftovers
    assert "final" not in folded.leftovers
    assert [item.name for item in folded.rewrites] == ["fold_conditionals"]


def test_nothing_to_fold_leaves_nothing_over():
    folded = fold(model(DENSE), ServingRequest())
    assert (folded.leftovers, folded.rewrites, folded.bound) == (frozenset(), (), {})


def test_inputs_are_fixed_by_the_user_first():
    assert fold(model(MODE), ServingRequest()).bound == {"is_training:0": False}
    folded = fold(model(MODE), ServingRequest(bind={"is_training": "true"}))
    assert (folded.modes, folded.bound) == ((), {"is_training:0": True})


def test_the_model_keeps_the_graph_as_it_was_read():
    opened = model(LEFTOVER)
    fold(opened, ServingRequest())
    assert opened.as_read["cond/Merge"].op == "Merge"


@pytest.mark.parametrize("text", [LEFTOVER, MODE, DENSE], ids=["constant predicate", "training-mode input", "plain"])
def test_inspect_and_migrate_infer_the_same_outputs(tmp_path, text):
    prefix = write_model(tmp_path, text)
    found = compat_saver.inspect(prefix)
    report = compat_saver.migrate(prefix, tmp_path / "out", dry_run=True)
    served = [item.name for item in report.signatures[0].outputs.values()]
    assert list(found.serving) == served
    assert found.ops == report.ops


def test_a_leftover_is_no_candidate():
    opened = model(LEFTOVER.replace("cond/off, cond/on)", "cond/on, cond/off)"))
    folded = fold(opened, ServingRequest())

    def candidates(leftovers):
        found = propose(folded.graph, opened.catalog, opened.trainable, leftovers)
        return [item.tensor for item in (*found.served, *found.others)]

    assert "cond/Merge:0" in candidates(frozenset())
    assert "cond/Merge:0" not in candidates(folded.leftovers)
    assert "final:0" in candidates(folded.leftovers)
