"""The parameters of cuDNN's networks are put together and taken apart."""

import numpy as np
import pytest

from tests.passes.graphs import rewritten

SIZES = """
layers = Const[dtype=int32, value=int32[](2)]
units = Const[dtype=int32, value=int32[](3)]
width = Const[dtype=int32, value=int32[](5)]
"""
ATTRS = 'T=float32, num_params=8, rnn_mode="rnn_relu", direction="bidirectional"'
SHAPES = [(3, 5), (3, 3)] * 2 + [(3, 6), (3, 3)] * 2 + [(3,)] * 8


@pytest.mark.tensorflow
def test_what_was_put_together_comes_apart_again():
    inputs = "".join(f"p{i} = Placeholder[dtype=float32, shape=[*]]\n" for i in range(16))
    names = ", ".join(f"p{i}" for i in range(16))
    text = f"""{inputs}{SIZES}
    v = CudnnRNNCanonicalToParams[{ATTRS}](layers, units, width, {names})
    y = CudnnRNNParamsToCanonical[{ATTRS}](layers, units, width, v)
    """
    for index in range(16):
        text += f"o{index} = Identity[T=float32](y:{index})\n"
    arrays = [np.full(shape, number, np.float32) for number, shape in enumerate(SHAPES)]
    found = rewritten(text.replace("    ", ""), [f"o{i}:0" for i in range(16)])(*arrays)
    for array, expected in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(array, expected)
