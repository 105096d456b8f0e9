"""Models with loops and conditionals have the gradients that TensorFlow 1 took of them, after a saved_model.load."""

from pathlib import Path

import numpy as np
import pytest

import compat_saver
from tests.golden_cases import Case, all_cases
from tests.test_golden import assert_agrees

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CASES = [case for case in all_cases() if any("gradients" in run for run in case.facts["runs"])]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_has_the_gradients_of_tf1(case: Case, tmp_path: Path):
    report = compat_saver.migrate(case.prefix, tmp_path / "out", verify=False, **case.arguments)
    import tensorflow as tf

    (signature,) = report.signatures
    model = tf.saved_model.load(str(tmp_path / "out"))
    serve = model.signatures[signature.name]
    keys = {tensor.name: (key, tensor.dtype) for key, tensor in signature.inputs.items()}
    variables = {name: variable for name, variable in model.weights.items() if variable.trainable}
    for inputs, expected in case.gradients():
        with tf.GradientTape() as tape:
            found = serve(**{keys[name][0]: tf.constant(array, keys[name][1]) for name, array in inputs.items()})
            # As `objective_gradients` of tests/golden/cases/_case.py has it.
            objective = tf.add_n([tf.reduce_sum(tf.sin(item)) for item in found.values() if item.dtype == tf.float32])
        gradients = tape.gradient(objective, variables)
        for name, gradient in expected.items():
            # None where TensorFlow 1 had zeros: nothing was passed on to the variable in this run.
            assert_agrees(_dense(gradients[name], gradient.shape), gradient)


def _dense(gradient: object, shape: tuple[int, ...]) -> np.ndarray:
    import tensorflow as tf

    return np.zeros(shape, np.float32) if gradient is None else tf.convert_to_tensor(gradient).numpy()
