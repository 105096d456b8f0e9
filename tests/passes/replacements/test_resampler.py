"""Resampling: gradients, and points outside of the image."""

import numpy as np
import pytest

from tests.passes.graphs import assert_addons_alike, floats, rewritten

RESAMPLER = """
data = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
warp = Placeholder[dtype=float32, shape=[*]]
seed = Placeholder[dtype=float32, shape=[*]]
y = Addons>Resampler[T=float32](data, warp)
g = Addons>ResamplerGrad[T=float32](data, warp, seed)
grad_data = Identity[T=float32](g)
grad_warp = Identity[T=float32](g:1)
"""

RESULTS = ("y:0", "grad_data:0", "grad_warp:0")


@pytest.mark.tensorflow
@pytest.mark.parametrize("points", [(), (5,), (2, 0), (2, 3)], ids=str)
def test_the_gradient_of_a_resampler_is_its_old_gradient_op(points):
    """Which the golden case holds against TensorFlow 1."""
    import tensorflow as tf

    data, warp = tf.constant(floats(2, 4, 5, 3)), tf.constant(3 * floats(2, *points, 2) + 2)
    seed = tf.constant(floats(2, *points, 3))
    function = rewritten(RESAMPLER, RESULTS)
    with tf.GradientTape() as tape:
        tape.watch([data, warp])
        output, *expected = function(data, warp, seed)
    assert output.shape == (2, *points, 3)
    for found, old in zip(tape.gradient(output, [data, warp], seed), expected, strict=True):
        np.testing.assert_allclose(found, old, rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
def test_points_outside_of_the_image_get_nothing_of_it_not_even_a_nan():
    data = np.full((1, 2, 2, 1), np.nan, np.float32)
    warp = np.array([[[-1, 0], [2, 1], [1e30, 0], [0, -np.inf], [np.nan, 0]]], np.float32)
    output, grad_data, grad_warp = rewritten(RESAMPLER, RESULTS)(data, warp, np.ones((1, 5, 1), np.float32))
    assert not np.any(output)
    assert not np.any(grad_data)
    assert not np.any(grad_warp)


@pytest.mark.parametrize(
    "line",
    ["y = Addons>Resampler[T=float16](x, x)", "y = Addons>ResamplerGrad[T=float64](x, x, x)"],
)
def test_the_op_of_addons_is_rewritten_as_that_of_contrib(line):
    assert_addons_alike(line)
