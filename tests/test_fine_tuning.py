"""A migrated LSTM is trained further by Keras as TensorFlow 1 trained it further: the same loss at every step."""

from pathlib import Path

import numpy as np
import pytest

import compat_saver
from tests.golden_cases import Case, all_cases

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.mark.parametrize("case", all_cases("flow_classifier"), ids=str)
def test_the_losses_are_those_of_tf1(case: Case, tmp_path: Path):
    compat_saver.migrate(case.prefix, tmp_path / "out", verify=False, **case.arguments)
    import tensorflow as tf

    model = tf.saved_model.load(str(tmp_path / "out"))
    serve, variables = model.signatures["serving_default"], list(model.trainable_variables)
    optimizer = tf.keras.optimizers.Adam(0.02, epsilon=1e-7)  # as tests/golden/cases/flow_classifier.py has it

    @tf.function
    def train(x, lengths, labels):
        with tf.GradientTape() as tape:
            logits = serve(x=x, lengths=lengths)["logits"]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    batches, losses = case.tuning()
    given = [{name.removesuffix(":0"): tf.constant(array) for name, array in batch.items()} for batch in batches]
    found = [
        train(batch["x"], tf.cast(batch["lengths"], tf.int32), batch["labels"])
        for batch in (given[step % len(given)] for step in range(len(losses)))
    ]
    assert len(losses) == 20
    np.testing.assert_allclose(found, losses, rtol=1e-4)
