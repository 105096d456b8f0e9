"""DecodeJpeg, Dequantize and ReduceJoin: the default that an old graph meant is written out."""

import pytest

from compat_saver.passes.legacy_behavior.changed_defaults import LegacyDecodeJpegAndDequantize, LegacyReduceJoin
from tests.passes.graphs import (
    apply,
    assert_changes_only_before,
)

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


def test_a_jpeg_is_decoded_by_the_accurate_transform_unless_the_graph_names_one():
    graph, _ = apply(LegacyDecodeJpegAndDequantize(), JPEG, 17)
    assert graph["y"].attr.bytes("dct_method") == b"INTEGER_ACCURATE"
    named = JPEG.replace("channels=3", 'dct_method="INTEGER_FAST"')
    assert apply(LegacyDecodeJpegAndDequantize(), named, 17)[1] == []


def test_joining_over_given_axes_is_left_unchanged():
    assert apply(LegacyReduceJoin(), JOIN.replace("int32[0]()", "int32[1](0)"), 17)[1] == []


@pytest.mark.parametrize(
    ("kind", "text", "version"),
    [
        (LegacyDecodeJpegAndDequantize, JPEG, 21),
        (LegacyDecodeJpegAndDequantize, DEQUANTIZE, 22),
        (LegacyReduceJoin, JOIN, 21),
    ],
)
def test_only_graphs_that_are_old_enough_are_changed(kind, text, version):
    assert_changes_only_before(kind, text, version)
