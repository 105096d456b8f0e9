"""The sizes of batches that a graph speaks of."""

import pytest

from compat_saver.analysis.feeding.size_hints import size_hints
from compat_saver.graph import parse_graph

PARTS = """
batch = Const[dtype=int32, value=int32[1](128)]
units = Const[dtype=int32, value=int32[1](100)]
axis = Const[dtype=int32, value=int32[](0)]
zero = Const[dtype=float32, value=float32[](0.0)]
"""


@pytest.mark.parametrize(
    "text",
    [
        "shape = Const[dtype=int32, value=int32[2](128,100)]\nstate = Fill(shape, zero)",
        PARTS + "shape = ConcatV2(batch, units, axis)\nstate = Fill(shape, zero)",
        PARTS + "shape = ConcatV2(batch, units, axis)\nsame = Identity(shape)\nstate = Fill(same, zero)",
    ],
)
def test_a_state_that_is_filled_has_the_size_of_the_batch(text):
    assert size_hints(parse_graph(text if "zero =" in text else PARTS + text)).batches == (128,)


def test_a_shape_with_a_computed_part_tells_nothing():
    text = PARTS + "x = Placeholder[dtype=int32]\nshape = ConcatV2(x, units, axis)\nstate = Fill(shape, zero)"
    assert size_hints(parse_graph(text)).batches == ()
