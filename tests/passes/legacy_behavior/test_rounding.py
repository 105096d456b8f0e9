"""Rounding: integers stay, quantizing has gradients."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.legacy_behavior.rounding import RoundIntegers
from tests.passes.graphs import (
    rewritten,
)


@pytest.mark.parametrize("producer", [0, 17, 134, 2474])
def test_integers_are_forwarded_and_other_numbers_rounded(producer):
    text = "n = Placeholder\nx = Placeholder\na = Round[T=int32](n)\nb = Round[T=float32](x)"
    graph = parse_graph(text, producer)
    run_passes([RoundIntegers()], graph)
    assert (graph["a"].op, graph["b"].op) == ("Identity", "Round")


@pytest.mark.tensorflow
@pytest.mark.parametrize("options", ["signed_input=true", "signed_input=false", "range_given=true, input_max=0.5"])
def test_quantizing_forwards_gradients_and_takes_empty_inputs(options):
    import tensorflow as tf

    text = f"x0 = Placeholder[dtype=float32, shape=[*]]\ny = QuantizeAndDequantize[T=float32, {options}](x0)"
    values = np.linspace(-1, 1, 7, dtype=np.float32)
    with tf.GradientTape() as tape:
        tensor = tf.constant(values)
        tape.watch(tensor)
        output = rewritten(text, producer=21)(tensor)[0]
    np.testing.assert_array_equal(tape.gradient(output, tensor), np.ones(7))
    assert rewritten(text, producer=21)(tf.constant(values[:0]))[0].shape == (0,)
