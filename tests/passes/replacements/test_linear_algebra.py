"""Eigenvalues and exponentials of matrices."""

import numpy as np
import pytest

from tests.passes.graphs import (
    POSITIVE,
    assert_computes_the_same,
    rewritten,
)


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float64"])
def test_the_exponential_of_matrices_of_every_type_and_size(dtype):
    """The exponential of [[0, -a], [a, 0]] is the rotation by a, however often it is squared."""
    import tensorflow as tf

    text = f"x0 = Placeholder[dtype={dtype}, shape=[*]]\ny = MatrixExponential[T={dtype}](x0)"
    angles = np.array([0.0, 1e-9, 0.3, 5.4, 40.0])
    matrices = (angles[:, None, None] * np.array([[0, -1], [1, 0]])).astype(dtype)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    found = rewritten(text, producer=26)(tf.constant(matrices))[0]
    np.testing.assert_allclose(found, turns, atol=2e-6 if dtype == "complex64" else 1e-13)
    for empty in (matrices[:0], matrices[:, :0, :0]):
        assert rewritten(text, producer=26)(tf.constant(empty))[0].shape == empty.shape
    infinite = np.full((1, 2, 2), np.inf, dtype)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        rewritten(text, producer=26)(tf.constant(infinite))[0]


OLD = {
    "SelfAdjointEig": ("y = SelfAdjointEig[T=float32](x)", POSITIVE[0]),
    "BatchSelfAdjointEig": ("y = BatchSelfAdjointEig[T=float32](x)", POSITIVE),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_replacement_computes_what_the_old_op_computes(op):
    assert_computes_the_same(op, *OLD[op])
