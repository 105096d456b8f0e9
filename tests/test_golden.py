"""Every golden case migrates, verifies, and answers what its own release of TensorFlow 1 answered."""

from pathlib import Path

import numpy as np
import pytest

import compat_saver
from compat_saver.migration import MigrationReport
from tests.golden_cases import Case, all_cases, by_release

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


EMPTY_WHEN_GENERATED = ("reduce_slice",)
"""Cases whose generated inputs select nothing, of which the least is infinite: nothing to compare."""


@pytest.mark.parametrize("case", by_release(all_cases()))
def test_it_migrates_and_answers_as_tf1_did(case: Case, tmp_path):
    """It keeps the variables that the outputs need, trainable if TF1 trained them."""
    given = {}
    if case.directory.name in EMPTY_WHEN_GENERATED:
        fed, _ = next(case.runs())
        np.savez(tmp_path / "in.npz", **fed)
        given["verify_data"] = tmp_path / "in.npz"
    report = compat_saver.migrate(case.prefix, tmp_path / "out", **case.arguments, **given)
    assert report.status == "passed"
    assert_answers(case, report, tmp_path / "out")

    assert {weight.name for weight in report.weights} == set(case.facts["variables_needed"])
    trainable = {weight.name for weight in report.weights if weight.trainable}
    assert trainable == set(case.facts["variables_needed"]) & set(case.facts["trainable"])


def assert_answers(case: Case, report: MigrationReport, directory: Path) -> None:
    """The model in a directory answers what the case's release answered."""
    import tensorflow as tf

    model = tf.saved_model.load(str(directory))
    (signature,) = report.signatures
    serve = model.signatures[signature.name]
    keys = {tensor.name: key for key, tensor in signature.inputs.items()}
    dtypes = {tensor.name: tensor.dtype for tensor in signature.inputs.values()}
    for inputs, expected in case.runs():
        fed = {keys[name]: tf.constant(_as_fed(array), dtypes[name]) for name, array in inputs.items()}
        found = serve(**fed)
        named = {tensor.name: key for key, tensor in signature.outputs.items()}
        for name, answer in expected.items():
            assert_agrees(found[named[name]].numpy(), answer)


def _as_fed(array: np.ndarray) -> np.ndarray:
    return array.astype(object) if array.dtype.kind == "S" else array


def assert_agrees(found: np.ndarray, expected: np.ndarray) -> None:
    """Floats to rtol 1e-4 and an atol of 1e-5 of the largest magnitude (kernels changed); all else exactly."""
    found = np.asarray(found)
    assert found.shape == expected.shape
    if expected.dtype.kind == "f":
        largest = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * largest)
    else:
        assert (found == expected).all()
