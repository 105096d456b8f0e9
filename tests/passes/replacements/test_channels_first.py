"""Image ops with channels second become the same ops with channels last, between transpositions."""

import numpy as np
import pytest

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value
from compat_saver.graph import parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.replacements.channels_first import ChannelsFirst
from tests.passes.graphs import assert_rewrites, assert_stays, floats, rewritten

BEFORE = """
x = Placeholder[dtype=float32]
k = Placeholder[dtype=float32]
y = Conv2D[T=float32, strides={1, 1, 2, 3}, padding="EXPLICIT", explicit_paddings={0, 0, 0, 0, 1, 2, 3, 4}, \
data_format="NCHW"](x, k)
z = Relu[T=float32](y)
"""
AFTER = """
x = Placeholder[dtype=float32]
k = Placeholder[dtype=float32]
y/Const = Const[dtype=int32, value=int32[4](0, 2, 3, 1)]
y/Transpose = Transpose[T=float32, Tperm=int32](x, y/Const)
y/Conv2D = Conv2D[T=float32, strides={1, 2, 3, 1}, padding="EXPLICIT", explicit_paddings={0, 0, 1, 2, 3, 4, 0, 0}, \
data_format="NHWC"](y/Transpose, k)
y/Const_1 = Const[dtype=int32, value=int32[4](0, 3, 1, 2)]
y = Transpose[T=float32, Tperm=int32](y/Conv2D, y/Const_1)
z = Relu[T=float32](y)
"""


def test_a_convolution_stands_between_transpositions_and_its_sizes_change_places():
    assert_rewrites(ChannelsFirst(), BEFORE, AFTER)


SUMS = """
x = Placeholder[dtype=float32]
s = Placeholder[dtype=float32]
n = FusedBatchNorm[T=float32, data_format="NCHW", is_training=true](x, s, s, s, s)
mean = Identity[T=float32](n:1)
spread = Identity[T=float32](n:4)
"""


@pytest.mark.parametrize("keeps_tensors", [False, True])
def test_the_other_outputs_of_a_batch_norm_keep_their_readers(keeps_tensors):
    graph = parse_graph(SUMS)
    run_passes([ChannelsFirst(keeps_tensors=keeps_tensors)], graph)
    assert graph["n"].op == ("IdentityN" if keeps_tensors else "Transpose")
    source = graph["n"] if keeps_tensors else graph["n/FusedBatchNorm"]
    assert graph["mean"].inputs == (source.output(1),)
    assert graph["spread"].inputs == (source.output(4),)


def test_sizes_that_are_inputs_change_places_too():
    text = """
    x = Placeholder[dtype=float32]
    k = Placeholder[dtype=float32]
    n = Placeholder[dtype=int64]
    y = Conv3DBackpropInputV2[T=float32, Tshape=int64, data_format="NCDHW", strides={1, 1, 1, 2, 3}](n, k, x)
    """
    graph = parse_graph(text)
    run_passes([ChannelsFirst()], graph)
    made = graph["y/Conv3DBackpropInputV2"]
    gather = made.inputs[0].node
    assert gather.attr.type("Tparams") == dtypes.by_name("int64").number
    assert gather.inputs[0] is graph.value("n:0")
    assert constant_value(gather.inputs[1]).tolist() == [0, 2, 3, 4, 1]
    assert list(made.attrs["strides"].list.i) == [1, 1, 2, 3, 1]


@pytest.mark.parametrize(
    "line",
    [
        'y = Conv2D[T=float32, data_format="NHWC"](x, x)',
        "y = Conv2D[T=float32](x, x)",
        'y = MaxPool[T=qint8, data_format="NCHW_VECT_C"](x)',
        'y = BiasAdd[T=float32, data_format="NCHW"](x, x)',
        'y = Conv2D[T=float32, data_format="NCHW"](x)',
    ],
)
def test_what_runs_as_it_is_or_cannot_be_known_stays(line):
    assert_stays(ChannelsFirst(), line)


@pytest.mark.tensorflow
def test_a_pool_of_sizes_that_are_fed():
    text = """
    x = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
    size = Placeholder[dtype=int32, shape=[4]]
    y = MaxPoolV2[T=float32, padding="VALID", data_format="NCHW"](x, size, size)
    """
    images = floats(2, 3, 4, 6)
    (found,) = rewritten(text)(images, np.array([1, 1, 2, 3], np.int32))
    np.testing.assert_array_equal(found, images.reshape(2, 3, 2, 2, 2, 3).max((3, 5)))
