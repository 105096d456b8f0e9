"""Passes that restore what old releases computed; the golden cases show that it is what they computed."""

import pytest

from compat_saver.graph import parse_graph
from compat_saver.graph.compare import differences
from compat_saver.passes import run_passes
from compat_saver.passes.legacy_behavior.changed_defaults import LegacyDecodeJpegAndDequantize, LegacyReduceJoin
from compat_saver.passes.legacy_behavior.ctc_beam_search import LegacyCtcBeamSearch
from compat_saver.passes.legacy_behavior.resize_nearest_neighbor import LegacyResizeNearestNeighbor
from compat_saver.passes.legacy_behavior.rounding import RoundIntegers
from tests.passes.graphs import apply

CTC = """
x = Placeholder[dtype=float32]
lengths = Placeholder[dtype=int32]
c = CTCBeamSearchDecoder[beam_width=4, top_paths=2](x, lengths)
path = Identity[T=int64](c)
score = Identity[T=float32](c:6)
"""
NEAREST = """
x = Placeholder[dtype=float32]
size = Placeholder[dtype=int32]
y = ResizeNearestNeighbor[T=float32, align_corners=true](x, size)
"""
JPEG = "text = Placeholder[dtype=string]\ny = DecodeJpeg[channels=3](text)"
JOIN = """
words = Placeholder[dtype=string]
axes = Const[dtype=int32, value=int32[0]()]
y = ReduceJoin(words, axes)
"""
DEQUANTIZE = """
x = Placeholder[dtype=quint8]
low = Placeholder[dtype=float32]
high = Placeholder[dtype=float32]
y = Dequantize[T=quint8, mode="MIN_FIRST"](x, low, high)
"""
RESTORED_BEFORE = [
    (LegacyCtcBeamSearch, CTC, 27),
    (LegacyResizeNearestNeighbor, NEAREST, 22),
    (LegacyDecodeJpegAndDequantize, JPEG, 21),
    (LegacyDecodeJpegAndDequantize, DEQUANTIZE, 22),
    (LegacyReduceJoin, JOIN, 21),
]


@pytest.mark.parametrize(("kind", "text", "version"), RESTORED_BEFORE)
def test_only_graphs_that_are_old_enough_are_changed(kind, text, version):
    assert [item.count for item in apply(kind(), text, version - 1)[1]] == [1]
    for producer in (version, 0):
        graph, rewrites = apply(kind(), text, producer)
        assert rewrites == []
        assert differences(graph, parse_graph(text)) == []


def test_a_score_gets_added_what_was_not_taken_off_and_paths_stay():
    graph, _ = apply(LegacyCtcBeamSearch(), CTC, 26)
    assert graph["path"].inputs[0].name == "c:0"
    (added,) = graph["score"].inputs
    assert added.node.op == "AddV2"
    assert added.node.inputs[0].name == "c:6"


def test_scores_that_nobody_reads_are_left_alone():
    text = "x = Placeholder\nl = Placeholder\nc = CTCBeamSearchDecoder[top_paths=1](x, l)\np = Identity(c)"
    graph, _ = apply(LegacyCtcBeamSearch(), text, 26)
    assert differences(graph, parse_graph(text)) == []


def test_a_jpeg_is_decoded_by_the_accurate_transform_unless_the_graph_names_one():
    graph, _ = apply(LegacyDecodeJpegAndDequantize(), JPEG, 17)
    assert graph["y"].attr.bytes("dct_method") == b"INTEGER_ACCURATE"
    named = JPEG.replace("channels=3", 'dct_method="INTEGER_FAST"')
    assert apply(LegacyDecodeJpegAndDequantize(), named, 17)[1] == []


def test_joining_over_axes_that_are_named_is_left_alone():
    assert apply(LegacyReduceJoin(), JOIN.replace("int32[0]()", "int32[1](0)"), 17)[1] == []


def test_unaligned_corners_are_left_alone():
    assert apply(LegacyResizeNearestNeighbor(), NEAREST.replace("true", "false"), 17)[1] == []


@pytest.mark.parametrize("producer", [0, 17, 134, 2474])
def test_whole_numbers_are_handed_on_and_others_rounded(producer):
    text = "n = Placeholder\nx = Placeholder\na = Round[T=int32](n)\nb = Round[T=float32](x)"
    graph = parse_graph(text, producer)
    run_passes([RoundIntegers()], graph)
    assert (graph["a"].op, graph["b"].op) == ("Identity", "Round")


@pytest.mark.tensorflow
def test_the_gradient_of_resizing_goes_to_the_pixels_that_were_taken():
    import numpy as np
    import tensorflow as tf

    from compat_saver.graph import to_graph_def

    graph, _ = apply(LegacyResizeNearestNeighbor(), NEAREST, 21)
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    image = np.arange(5 * 4, dtype=np.float32).reshape(1, 5, 4, 1)
    weights = np.arange(8 * 3, dtype=np.float32).reshape(1, 8, 3, 1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        y = tf.graph_util.import_graph_def(message, name="", return_elements=["y:0"])[0]
        x = session.graph.get_tensor_by_name("x:0")
        (gradient,) = tf.gradients(y * weights, x)
        found = session.run(gradient, {"x:0": image, "size:0": [8, 3]})
    expected = np.zeros((5, 4), np.float32)
    rows = np.floor(np.arange(8, dtype=np.float32) * np.float32(4 / 7)).astype(int)
    columns = np.floor(np.arange(3, dtype=np.float32) * np.float32(3 / 2)).astype(int)
    np.add.at(expected, (rows[:, None], columns[None, :]), weights[0, :, :, 0])
    np.testing.assert_array_equal(found[0, :, :, 0], expected)
