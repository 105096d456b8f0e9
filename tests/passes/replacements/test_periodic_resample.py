"""PeriodicResample: its gradient, and shapes that it cannot have."""

import numpy as np
import pytest

from compat_saver.passes.replacements.periodic_resample import PeriodicResample
from tests.passes.graphs import (
    assert_stays,
    floats,
    rewritten,
)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("shape", "wanted"), [((1, 2, 2, 8), "[1, 4, 4, ?]"), ((2, 4, 24), "[4, ?, 48]")])
def test_the_gradient_of_periodic_resample_is_its_old_gradient_op(shape, wanted):
    """Which the golden case holds against TensorFlow 1."""
    import tensorflow as tf

    values = tf.constant(floats(*shape))
    resample = rewritten(
        f"""
        x = Placeholder[dtype=float32, shape=[*]]
        y = PeriodicResample[T=float32, shape={wanted}](x)
        """
    )
    with tf.GradientTape() as tape:
        tape.watch(values)
        (output,) = resample(values)
    seed = tf.constant(floats(*output.shape))
    gradient = rewritten(
        f"""
        x = Placeholder[dtype=float32, shape=[*]]
        y = PeriodicResampleOpGrad[T=float32, original_shape={list(shape)}, desired_shape={wanted}](x)
        """
    )
    np.testing.assert_array_equal(tape.gradient(output, values, seed), gradient(seed)[0])


@pytest.mark.parametrize(
    "line",
    [
        "y = PeriodicResample[T=float32, shape=[?, ?]](x)",
        "y = PeriodicResample[T=float32, shape=[2, 2]](x)",
        "y = PeriodicResample[T=float32, shape=[*]](x)",
    ],
)
def test_what_had_no_kernel_or_cannot_be_known_stays(line):
    assert_stays(PeriodicResample(), line)
