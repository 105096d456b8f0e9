"""Golden cases with modes migrate without being told of them, and answer what TensorFlow 1 answered when it served."""

import io

import pytest
from rich.console import Console

import compat_saver
from compat_saver.report.inspection_table import render_inspection
from tests.golden_cases import Case, all_cases
from tests.test_golden import assert_agrees, assert_answers

CASES = [
    item
    for name in ("conv_batch_norm", "dropout", *(f"modes_{which}" for which in ("contrib", "rate", "rnn", "unnamed")))
    for item in all_cases(name)
]
CASES += all_cases("modes_with_default")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_modes_are_found_and_bound(case: Case):
    report = compat_saver.migrate(case.prefix, "never written", outputs=case.facts["outputs"], dry_run=True)
    assert {name: value.item() for name, value in report.bound.items()} == case.facts["bind"]
    assert {tensor.name for tensor in report.signatures[0].inputs.values()} == set(case.facts["inputs"])
    assert report.to_dict()["signatures"]["serving_default"]["why"].keys() == case.facts["bind"].keys()
    told = " ".join(report.warnings)
    assert all(f"{name!r} was bound to" in told for name in case.facts["bind"])


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_without_a_flag_the_answers_are_those_of_serving(case: Case, tmp_path):
    report = compat_saver.migrate(case.prefix, tmp_path / "out", outputs=case.facts["outputs"])
    assert report.status == "passed"

    import tensorflow as tf

    serve = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    signature = report.signatures[0]
    keys = {tensor.name: key for key, tensor in signature.inputs.items()}
    for inputs, expected in case.runs():
        found = serve(**{keys[name]: tf.constant(array) for name, array in inputs.items()})
        for key, tensor in signature.outputs.items():
            assert_agrees(found[key].numpy(), expected[tensor.name])


@pytest.mark.parametrize("case", all_cases("modes_with_default"), ids=str)
def test_an_inspection_shows_what_would_be_bound(case: Case):
    found = {item.tensor: item for item in compat_saver.inspect(case.prefix).placeholders}
    assert {name: item.bound for name, item in found.items() if item.bound is not None} == case.facts["bind"]
    assert found["dropout:0"].why == "a dropout keeps with this probability"
    console = Console(width=200, file=io.StringIO())
    console.print(render_inspection(compat_saver.inspect(case.prefix)))
    assert "bound to False: a branch" in console.file.getvalue()


@pytest.mark.parametrize("case", all_cases("dropout_fixed"), ids=str)
def test_a_dropout_with_a_constant_rate_is_turned_to_inference(case: Case, tmp_path):
    report = compat_saver.migrate(case.prefix, tmp_path / "out", outputs=["output"])
    assert_answers(case, report, tmp_path / "out")
    (finding,) = report.to_dict()["training_behavior"]
    assert (finding["what"], finding["became"]) == ("dropout", "identity")


@pytest.mark.parametrize("case", all_cases("dropout_fixed"), ids=str)
def test_a_dropout_with_a_constant_rate_can_be_kept(case: Case):
    report = compat_saver.migrate(
        case.prefix, "never written", outputs=["output"], dry_run=True, training_behavior="keep"
    )
    assert "TRAINING BEHAVIOR IS KEPT" in " ".join(report.warnings)
    (finding,) = report.to_dict()["training_behavior"]
    assert finding["became"] == ""
