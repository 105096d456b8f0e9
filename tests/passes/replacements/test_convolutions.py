"""3-D convolutions of early releases, and the fused convolution of tf.contrib."""

import numpy as np
import pytest

from compat_saver.passes.replacements.convolutions import FusedConv2DBiasActivation
from tests.passes.graphs import (
    VIDEO,
    assert_computes_the_same,
    assert_stays,
    floats,
    rewritten,
)

FUSED = """
x = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
side = Placeholder[dtype=float32, shape=[*]]
k = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
b = Placeholder[dtype=float32, shape=[?]]
s = Const[dtype=float32, value=float32[](0.5)]
t = Const[dtype=float32, value=float32[](SIDE_SCALE)]
y = FusedConv2DBiasActivation[ATTRS, T=float32, Tbias=float32, dilations={1, 2, 2, 1}](x, k, b, side, s, t)
"""


def convolution(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Returns the valid convolution of NHWC images with a HWIO kernel."""
    rows, columns = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), (1, 2))[:, ::stride, ::stride]
    return np.einsum("nyxihw,hwio->nyxo", windows, kernel)


@pytest.mark.tensorflow
@pytest.mark.parametrize("activation", ["Relu", "None"])
@pytest.mark.parametrize("side_scale", [0.0, -1.5])
@pytest.mark.parametrize(("data_format", "filter_format"), [("NHWC", "HWIO"), ("NHWC", "OIHW"), ("NCHW", "HWIO")])
def test_a_fused_convolution_follows_its_formula(activation, side_scale, data_format, filter_format):
    """In float32 it ran on GPUs only: this holds it against the formula in its documentation, not against a run."""
    x, kernel, bias, side = floats(2, 5, 7, 3), floats(3, 3, 3, 4), floats(4), floats(2, 2, 3, 4)
    expected = 0.5 * convolution(x, kernel, 2) + side_scale * side + bias
    expected = np.maximum(expected, 0) if activation == "Relu" else expected
    if data_format == "NCHW":
        x, side, expected = (array.transpose(0, 3, 1, 2) for array in (x, side, expected))
    strides = "{1, 2, 2, 1}" if data_format == "NHWC" else "{1, 1, 2, 2}"
    attrs = f'strides={strides}, padding="VALID", data_format="{data_format}", filter_format="{filter_format}"'
    text = FUSED.replace("SIDE_SCALE", str(side_scale)).replace("ATTRS", f'{attrs}, activation_mode="{activation}"')
    kernel = kernel.transpose(3, 2, 0, 1) if filter_format == "OIHW" else kernel
    side = side if side_scale else np.zeros(0, np.float32)
    (found,) = rewritten(text)(x, side, kernel, bias)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "line",
    [
        'y = FusedConv2DBiasActivation[T=float32, Tbias=float32, padding="SAME"](x, x, x, x, x, x)',
    ],
)
def test_what_had_no_kernel_or_cannot_be_known_stays(line):
    assert_stays(FusedConv2DBiasActivation(), line)


OLD = {
    "Conv3DBackpropInput": (
        """
        k = Const[dtype=float32, value=float32[1, 1, 1, 2, 2](1.0, 2.0, 3.0, 4.0)]
        y = Conv3DBackpropInput[T=float32, strides={1, 1, 1, 1, 1}, padding="SAME"](x, k, x)
        """,
        VIDEO,
    ),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_replacement_computes_what_the_old_op_computes(op):
    assert_computes_the_same(op, *OLD[op])
