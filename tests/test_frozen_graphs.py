"""A graph that TensorFlow 1 froze gets its variables back, and trains on from them as its program did."""

import json

import numpy as np
import pytest

import compat_saver
from tests.golden_cases import GOLDEN

CASES = sorted(GOLDEN.glob("*/frozen/*/case.json"))


@pytest.fixture(params=CASES, ids=lambda path: "-".join(path.parent.relative_to(GOLDEN).parts))
def recorded(request):
    """The path of a frozen graph, what its program recorded of it, and the arrays."""
    with np.load(request.param.with_name("io.npz")) as arrays:
        yield request.param.with_name("frozen.pb"), json.loads(request.param.read_text()), arrays


@pytest.mark.parametrize("option", [None, "large", "all"])
def test_its_variables_are_those_of_the_program(option, recorded):
    path, facts, _ = recorded
    report = compat_saver.migrate(path, "never written", outputs=["score"], variables=option, dry_run=True)
    wanted = facts.get("all" if option == "all" else "large", facts.get("variables"))
    assert {weight.name for weight in report.weights} == {*wanted}


def test_weights_in_functions_are_reported():
    path = GOLDEN / "1.15.5" / "frozen" / "in_a_function" / "frozen.pb"
    report = compat_saver.migrate(path, "never written", dry_run=True)
    assert any("2 constants in the function 'layer' ('kernel')" in warning for warning in report.warnings)


@pytest.mark.tensorflow
@pytest.mark.slow
def test_it_trains_on_as_tf1_did(recorded, tmp_path):
    import tensorflow as tf

    path, facts, arrays = recorded
    report = compat_saver.migrate(path, tmp_path / "out", outputs=["score"])
    assert report.status == "passed"
    model = tf.saved_model.load(str(tmp_path / "out"))
    fed = {name.partition(":")[0]: tf.constant(arrays[key]) for name, key in facts["inputs"].items()}
    serve, losses = model.signatures["serving_default"], []
    np.testing.assert_allclose(serve(**fed)["score"], arrays[facts["outputs"]["score:0"]], rtol=1e-4, atol=1e-6)
    if "tuning" not in facts:
        return
    for name, key in facts["variables"].items():
        np.testing.assert_array_equal(model.weights[name].numpy(), arrays[key])
    for _ in arrays[facts["tuning"]["losses"]]:
        with tf.GradientTape() as tape:
            losses.append(tf.reduce_mean(tf.square(serve(**fed)["score"] - arrays[facts["tuning"]["target"]])))
        variables = list(model.trainable_variables)
        for variable, gradient in zip(variables, tape.gradient(losses[-1], variables), strict=True):
            variable.assign_sub(0.1 * tf.convert_to_tensor(gradient))
    np.testing.assert_allclose(losses, arrays[facts["tuning"]["losses"]], rtol=1e-4)
    for name, key in facts["after"].items():
        np.testing.assert_allclose(model.weights[name].numpy(), arrays[key], rtol=1e-3, atol=1e-5)
