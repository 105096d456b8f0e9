"""The recorded size of decoded images."""

import pytest

from compat_saver.analysis.feeding.image_sizes import decoded_size
from compat_saver.graph import parse_graph


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("image = DecodePng[_output_shapes={[20, 30, 3]}](x)", (20, 30)),
        ("image = DecodePng[_output_shapes={[?, ?, 3]}](x)\ny = Cast[_output_shapes={[20, 30, 3]}](image)", (20, 30)),
        ("image = DecodePng(x)\nbatch = ExpandDims[_output_shapes={[1, 8, 9, 3]}](image, x)", (8, 9)),
        ("image = DecodePng(x)\ny = ResizeBilinear[_output_shapes={[1, 8, 9, 3]}](image, x)", None),
        ("y = Identity[_output_shapes={[1, 8, 9, 3]}](x)", None),
    ],
)
def test_the_size_is_recorded_behind_the_decoder(text, size):
    assert decoded_size(parse_graph(f"x = Placeholder[dtype=string]\n{text}")) == size
