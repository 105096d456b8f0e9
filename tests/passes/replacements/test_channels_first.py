"""Ops on images with channels first compute with channels last, whatever they are."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.passes import run_passes
from compat_saver.passes.replacements.channels_first import ChannelsFirst, is_channels_first
from tests.passes.graphs import assert_stays

CONVOLUTION = """
x = Placeholder[dtype=float32, shape=[?, 3, ?, ?]]
k = Placeholder[dtype=float32, shape=[2, 2, 3, 4]]
y = Conv2D[T=float32, data_format="NCHW", strides={1, 1, 3, 2}, dilations={1, 1, 1, 1}, padding="VALID"](x, k)
"""


def rewritten(text: str):
    graph = parse_graph(text)
    run_passes([ChannelsFirst()], graph)
    return graph


def test_a_convolution_runs_between_transposes():
    graph = rewritten(CONVOLUTION)
    (node,) = [node for node in graph if node.op == "Conv2D"]
    assert node.attr.bytes("data_format") == b"NHWC"
    assert list(node.attrs["strides"].list.i) == [1, 3, 2, 1]
    assert graph["y"].op == "Transpose"
    assert [value.node.op for value in node.inputs] == ["Transpose", "Placeholder"]


def test_explicit_paddings_follow_their_axes():
    text = CONVOLUTION.replace('padding="VALID"', 'padding="EXPLICIT", explicit_paddings={0, 0, 0, 0, 1, 2, 3, 4}')
    (node,) = [node for node in rewritten(text) if node.op == "Conv2D"]
    assert list(node.attrs["explicit_paddings"].list.i) == [0, 0, 1, 2, 3, 4, 0, 0]


def test_the_sizes_of_a_gradient_follow_their_axes():
    graph = rewritten(
        """
        s = Placeholder[dtype=int32, shape=[4]]
        k = Placeholder[dtype=float32]
        g = Placeholder[dtype=float32]
        y = Conv2DBackpropInput[T=float32, data_format="NCHW", strides={1, 1, 1, 1}, padding="SAME"](s, k, g)
        """
    )
    (node,) = [node for node in graph if node.op == "Conv2DBackpropInput"]
    assert [value.node.op for value in node.inputs] == ["Gather", "Placeholder", "Transpose"]


def test_what_has_its_channels_last_stays():
    line = 'y = MaxPool[T=float32, data_format="NHWC", ksize={1, 2, 2, 1}, strides={1, 2, 2, 1}, padding="SAME"](x)'
    assert_stays(ChannelsFirst(), line)


WINDOW = {"ksize": [1, 2, 3, 1], "strides": [1, 1, 2, 1], "padding": "SAME"}
POOL = 'data_format="NCHW", ksize={1, 1, 2, 3}, strides={1, 1, 1, 2}, padding="SAME"'
BLOCK = 'data_format="NCHW", block_size=2'


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("op", "attrs", "images", "last"),
    [
        ("MaxPool", POOL, "input", WINDOW),
        ("AvgPool", POOL, "value", WINDOW),
        ("DepthToSpace", BLOCK, "input", {"block_size": 2}),
        ("SpaceToDepth", BLOCK, "input", {"block_size": 2}),
    ],
)
def test_it_computes_what_the_layout_says(op, attrs, images, last):
    """Held against the op with channels last on transposed images: TensorFlow on CPUs has no other."""
    import tensorflow as tf

    graph = rewritten(f"x = Placeholder[dtype=float32]\ny = {op}[T=float32, {attrs}](x)")
    assert not any(map(is_channels_first, graph))
    given = np.arange(2 * 4 * 4 * 6, dtype=np.float32).reshape(2, 4, 4, 6)
    expected = getattr(tf.raw_ops, op)(**{images: given.transpose(0, 2, 3, 1)}, **last).numpy()
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.graph_util.import_graph_def(message, name="")
        found = session.run("y:0", {"x:0": given})
    np.testing.assert_array_equal(found, expected.transpose(0, 3, 1, 2))
