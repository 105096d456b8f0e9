"""Constants that act as weights become variables; all others stay what they are."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.passes import run_passes
from compat_saver.passes.structure.constants_to_variables import ConstantsToVariables

X = "x = Placeholder[dtype=float32, shape=[?, 4]]\n"


def _made(text, everything=False, among=None, **arrays):
    """Returns the names of the constants that become variables."""
    graph = parse_graph(X + "".join(f"{name} = Const\n" for name in arrays) + text)
    for name, array in arrays.items():
        number = {"f": 1, "i": 3}[np.asarray(array).dtype.kind]
        graph[name].attrs = {"dtype": type_attr(number), "value": tensor_attr(np.asarray(array))}
    item = ConstantsToVariables(arrays if among is None else among, everything=everything)
    run_passes([item], graph)
    assert {node.name for node in graph if node.op == "VariableV2"} == item.values.keys()
    for name, found in item.values.items():
        np.testing.assert_array_equal(found, arrays[name])
        assert graph[name].attr.shape("shape") == np.shape(arrays[name])
    return set(item.values)


def _floats(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


KERNEL, SMALL, BIAS = _floats(4, 3), _floats(4, 2), _floats(3)


@pytest.mark.parametrize(
    "text",
    [
        "y = MatMul(x, w)",
        "w/read = Identity(w)\nenter = Enter(w/read)\ny = MatMul(x, enter)",
        "y = MatMul(w, x)",
        "y = Conv2D(x, w)",
        "grown = ExpandDims(w, x)\ny = Conv2D(x, grown)",
        "half = Cast(w)\ny = DepthwiseConv2dNative(x, half)",
        "y = Conv2DBackpropInput(x, w, x)",
        "y = GatherV2(w, x, x)",
        "y = Einsum(x, w)",
        "y = BiasAdd(x, w)",
    ],
)
def test_what_reads_a_constant_makes_it_a_weight(text):
    assert _made(text, w=KERNEL) == {"w"}


@pytest.mark.parametrize(
    "text",
    [
        "y = Mul(x, w)",
        "y = GatherV2(x, w, x)",
        "y = Conv2DBackpropInput(w, x, x)",
        "y = Reshape(x, w)",
        "y = Add(x, w)",
    ],
)
def test_other_readers_do_not(text):
    assert _made(text, w=KERNEL) == set()
    assert _made(text, everything=True, w=KERNEL) == set()


def test_small_kernels_are_asked_for():
    assert _made("y = MatMul(x, w)", w=SMALL) == set()
    assert _made("y = MatMul(x, w)", everything=True, w=SMALL) == {"w"}


@pytest.mark.parametrize("array", [np.zeros((4, 3), np.float32), np.full((4, 3), 1 / 9, np.float32), _floats(4, 3) > 1])
def test_equal_numbers_and_other_types_are_no_weights(array):
    array = array.astype(np.int32) if array.dtype == bool else array
    assert _made("y = MatMul(x, w)", everything=True, w=array) == set()


def test_a_bias_goes_with_its_kernel():
    text = "m = MatMul(x, w)\nsame = Reshape(m, x)\ny = AddV2(b, same)"
    assert _made(text, w=KERNEL, b=BIAS) == {"w", "b"}
    assert _made(text, w=SMALL, b=BIAS) == set()
    assert _made("y = BiasAdd(x, b)", b=BIAS) == set()
    assert _made("m = MatMul(x, w)\ny = Add(m, b)", w=KERNEL, b=np.float32(1e-3)) == {"w"}
    assert _made("y = LSTMBlockCell(x, x, x, w, x, x, x, b)", w=KERNEL, b=BIAS) == {"w", "b"}


def test_batch_norms_are_asked_for():
    text = "y = FusedBatchNorm(x, scale, offset, mean, variance)"
    arrays = dict.fromkeys(("scale", "offset", "mean", "variance"), BIAS)
    assert _made(text, **arrays) == set()
    assert _made(text, everything=True, **arrays) == {"scale", "offset"}


def test_constants_of_loops_and_of_rewrites_stay():
    assert _made("inside = Const(^x)\ny = MatMul(x, w)\nz = MatMul(x, inside)", w=KERNEL, among=["inside"]) == set()


PLAIN_NORM = (
    "conv = Conv2D(x, w)\nwide = Add(variance, epsilon)\nroot = Rsqrt(wide)\ngamma/read = Identity(gamma)\n"
    "scale = Mul(root, gamma/read)\nscaled = Mul(conv, scale)\nmoved = Mul(mean, scale)\n"
    "shift = Sub(beta, moved)\ny = AddV2(scaled, shift)"
)


@pytest.mark.parametrize(("everything", "made"), [(True, {"w", "gamma", "beta"}), (False, {"w"})])
def test_a_batch_norm_of_plain_ops_has_a_scale_and_an_offset_and_its_averages_stay(everything, made):
    arrays = {**dict.fromkeys(("gamma", "beta", "mean", "variance"), BIAS), "epsilon": np.float32(0.001)}
    assert _made(PLAIN_NORM, everything, w=KERNEL, **arrays) == made


@pytest.mark.parametrize("between", ["conv", "biased"])
def test_a_folded_batch_norm_is_one_product_and_one_sum_behind_a_layer(between):
    text = f"conv = Conv2D(x, w)\nbiased = BiasAdd(conv, b)\nscaled = Mul({between}, scale)\ny = Add(scaled, shift)"
    arrays = {"w": KERNEL, "b": BIAS, "scale": BIAS, "shift": BIAS}
    assert _made(text, everything=True, **arrays) == set(arrays)
    assert _made(text, everything=False, **arrays) == {"w", "b"}


def test_a_product_before_the_first_layer_is_no_scale():
    assert _made("near = Mul(x, scale)\ny = MatMul(near, w)", everything=True, w=KERNEL, scale=BIAS) == {"w"}
