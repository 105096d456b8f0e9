"""Reductions of slices, and the gradient of a tile."""

import numpy as np
import pytest

from compat_saver.passes.replacements.reductions import ReduceSlice
from tests.passes.graphs import assert_stays, floats, rewritten


@pytest.mark.tensorflow
def test_a_slice_that_starts_before_the_axis_starts_with_it():
    text = """
    x = Placeholder[dtype=int32, shape=[*]]
    i = Placeholder[dtype=int64, shape=[*]]
    axis = Const[dtype=int64, value=int64[](0)]
    y = ReduceSliceSum[T=int32, Tindices=int64](x, i, axis)
    """
    (found,) = rewritten(text)(np.arange(1, 5, dtype=np.int32), np.array([[-3, 2], [3, 1], [-9, -1]]))
    assert found.numpy().tolist() == [3, 0, 0]


@pytest.mark.parametrize(
    "line",
    [
        "y = ReduceSliceMax[T=complex64, Tindices=int32](x, x, x)",
        "y = ReduceSliceSum[T=qint8, Tindices=int32](x, x, x)",
    ],
)
def test_what_had_no_kernel_or_cannot_be_known_stays(line):
    assert_stays(ReduceSlice(), line)


@pytest.mark.tensorflow
@pytest.mark.parametrize("copies", [(1, 1), (2, 1), (3, 2)])
def test_the_gradient_of_a_tile_is_the_sum_over_its_copies(copies):
    import tensorflow as tf

    values = tf.constant(floats(2, 4))
    with tf.GradientTape() as tape:
        tape.watch(values)
        tiled = tf.tile(values, copies)
    gradient = floats(*tiled.shape)
    text = f"""
    x = Placeholder[dtype=float32, shape=[*]]
    copies = Const[dtype=int32, value=int32[2]{copies}]
    y = TileGrad[T=float32](x, copies)
    """
    (found,) = rewritten(text, producer=2)(gradient)
    np.testing.assert_allclose(found, tape.gradient(tiled, values, tf.constant(gradient)), rtol=1e-6)
