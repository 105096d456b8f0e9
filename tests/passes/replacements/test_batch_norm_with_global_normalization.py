"""BatchNormWithGlobalNormalization and its gradient."""

import numpy as np
import pytest

from tests.golden_cases import case
from tests.passes.graphs import (
    SQUARE,
    assert_computes_the_same,
    rewritten,
)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("scaled", "name"), [("true", "scaled"), ("false", "unscaled")])
def test_batch_norm_has_the_gradients_it_had(scaled, name):
    """Its gradient in TensorFlow 1 is the op whose outputs the golden case holds, for the gradient images ** 2."""
    import tensorflow as tf

    golden = case("0.12.1", "old_layers")
    inputs, expected = next(iter(golden.runs()))
    reader = tf.train.load_checkpoint(str(golden.prefix))
    weights = {name: reader.get_tensor(name) for name in ("mean", "variance", "beta", "gamma")}
    arrays = [inputs["images:0"], *weights.values()]
    text = f"""
    x0 = Placeholder[dtype=float32, shape=[*]]
    x1 = Placeholder[dtype=float32, shape=[*]]
    x2 = Placeholder[dtype=float32, shape=[*]]
    x3 = Placeholder[dtype=float32, shape=[*]]
    x4 = Placeholder[dtype=float32, shape=[*]]
    v = Square[T=float32](x2)
    y = BatchNormWithGlobalNormalization[T=float32, variance_epsilon=0.01, scale_after_normalization={scaled}]\
(x0, x1, v, x3, x4)
    """
    function = rewritten(text, producer=8)
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        (output,) = function(*tensors)
    found = tape.gradient(output, tensors, output_gradients=tf.square(tensors[0]), unconnected_gradients="zero")
    by_variance = expected[f"{name}_grad:2"] * 2 * weights["variance"]  # the variable is squared
    wanted = [expected[f"{name}_grad:{number}"] for number in range(5)]
    wanted[2] = by_variance
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * np.max(np.abs(other), initial=0))


OLD = {
    "BatchNormWithGlobalNormalization": (
        """
        m = Const[dtype=float32, value=float32[4](1.0, 2.0, 0.5, 0.1)]
        y = BatchNormWithGlobalNormalization[T=float32, variance_epsilon=0.01, scale_after_normalization=true]
        """.replace("=true]", "=true](x, m, m, m, m)"),
        SQUARE.reshape(2, 2, 2, 4),
    ),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_replacement_computes_what_the_old_op_computes(op):
    assert_computes_the_same(op, *OLD[op])
