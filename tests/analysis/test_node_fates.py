"""What became of every node of a graph."""

import compat_saver
from compat_saver.analysis.node_fates import CHANGED, NEW, Fate
from compat_saver.analysis.ops.triage import DROPPED, FINE, REWRITTEN, UNSUPPORTED
from tests.cli.test_bad_input import OBSTRUCTED_GRAPH
from tests.golden_cases import case
from tests.small_models import write_model


def planned(name: str):
    """What a dry run of a golden case says of the nodes before and after."""
    change = compat_saver.migrate(case("1.15.5", name).directory, "out", dry_run=True).change
    return [dict(zip(graph.names, graph.fates, strict=True)) for graph in (change.before, change.after)]


def test_nodes_are_kept_rewritten_and_dropped():
    before, after = planned("dropout")
    assert before["MatMul"] == Fate(FINE)
    assert before["x"] == Fate(FINE, "the input x:0 of a signature")
    assert before["w1"] == Fate(REWRITTEN, "VariableV2 becomes VarHandleOp, outputs exactly equal")
    assert before["keep_prob"] == Fate(REWRITTEN, "bound to 1.0: a dropout keeps with this probability")
    assert before["save/SaveV2"] == Fate(DROPPED, "no signature depends on it")
    assert after["MatMul"] == Fate(FINE)
    assert after["w1"] == Fate(CHANGED, "was VariableV2")
    assert after["signature_input/0"] == Fate(NEW, "the input x:0")


def test_a_loop_moves_into_functions():
    before, after = planned("flow_lstm")
    bodies = [name for name in after if "()/" in name]
    assert any(after[name] == Fate(FINE) for name in bodies)
    assert before["rnn/while/Enter"] == Fate(REWRITTEN, "merged into the nodes that replace its neighbors")


def test_nodes_of_functions_are_drawn_under_their_function():
    before, _ = planned("function_library")
    calls = [fate.why for fate in before.values() if "PartitionedCall" in fate.why]
    assert calls
    assert any("()/" in name and fate.verdict == FINE for name, fate in before.items())


def test_training_behavior_that_was_removed():
    before, _ = planned("dropout_fixed")
    (found,) = {fate for fate in before.values() if "turned to inference" in fate.why}
    assert found == Fate(REWRITTEN, "dropout turned to inference: identity")


def test_edges_lead_to_what_is_read():
    graph = compat_saver.inspect(case("1.15.5", "dense_adam").directory).change.before
    numbers = {name: number for number, name in enumerate(graph.names)}
    assert graph.inputs[numbers["Relu"]] == (numbers["hidden/BiasAdd"],)
    assert graph.ops[numbers["Relu"]] == "Relu"
    assert graph.waits[numbers["init"]]


def test_an_inspection_says_what_would_become_of_nodes(tmp_path):
    write_model(tmp_path, OBSTRUCTED_GRAPH)
    graph = compat_saver.inspect(tmp_path).change.before
    fates = dict(zip(graph.names, graph.fates, strict=True))
    assert fates["python"].verdict == UNSUPPORTED
    assert "calls a Python function that is not stored in the file" in fates["python"].why
    assert compat_saver.inspect(tmp_path).change.after is None
