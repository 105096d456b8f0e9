"""Models migrate without a flag, as a person would have asked: those that take their examples out of pipelines too."""

import pytest

import compat_saver
from tests.golden_cases import Case, all_cases, by_release
from tests.test_golden import assert_answers

CASES = [*all_cases("pipeline_*"), *all_cases("queue_input"), *all_cases("bucketized_columns")]
FED = [item for name in ("mixture_density", "ctc_words", "sized_images", "sparse_dropout") for item in all_cases(name)]
KEYS = {
    "bucketized_columns": ["age", "town", "work"],
    "pipeline_examples": ["examples"],
    "pipeline_initializable": ["ids", "temperature"],
    "pipeline_one_shot": ["age", "image"],
    "pipeline_positions": ["words"],
    "pipeline_py_func": ["features"],
    "pipeline_shuffle_batch": ["shuffle_batch"],
    "pipeline_sparse": ["features", "input_indices", "input_values"],
    "pipeline_sparse_batch": ["input_indices", "input_values"],
    "queue_input": ["batch", "scale"],
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_delivered_is_taken(case: Case):
    report = compat_saver.migrate(case.prefix, "never written", dry_run=True)
    (signature,) = report.signatures
    assert {tensor.name for tensor in signature.inputs.values()} == set(case.facts["inputs"])
    assert [tensor.name for tensor in signature.outputs.values()][:1] == case.facts["outputs"]  # logits may follow
    assert sorted(signature.inputs) == KEYS[case.name]
    assert sum("a served model is given it" in warning for warning in report.warnings) >= 1


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("case", by_release([*CASES, *FED]))
def test_it_answers_as_tf1_did(case: Case, tmp_path):
    report = compat_saver.migrate(case.prefix, tmp_path / "out")
    assert report.status == "passed"
    assert_answers(case, report, tmp_path / "out")
