"""Integers that are fed as arguments of an op are such that the op accepts them."""

import numpy as np
import pytest

from compat_saver.analysis.feeding.arguments import argument, is_argument
from compat_saver.graph import parse_graph

X = "x = Placeholder[dtype=float32]\nz = Relu[T=float32](x)\na = Placeholder[dtype=int32]\n"
AXIS = "axis = Const[dtype=int32, value=int32[](1)]\n"


@pytest.mark.parametrize(
    ("op", "shape", "declared", "expected"),
    [
        ("Reshape(z, a)", (3, 4, 5), (None,), [3, 4, 5]),
        ("Reshape(z, a)", (3, 4, 5), (2,), [3, 20]),
        ("Reshape(z, a)", (3, 4, 5), (1,), [60]),
        ("Reshape(z, a)", (3, 4), (3,), [3, 4, 1]),
        ("Reshape(z, a)", (3, 4), (2, 2), None),
        ("BroadcastTo(z, a)", (3, 4), (3,), [2, 3, 4]),
        ("Slice(z, a, axis)", (3, 4), (None,), [0, 0]),
        ("Slice(z, axis, a)", (3, 4), (2,), [-1, -1]),
        ("StridedSlice(z, axis, a, axis)", (3, 4), (1,), [3]),
        ("StridedSlice(z, axis, axis, a)", (3, 4), (2,), [1, 1]),
        ("Pad(z, a)", (3, 1), (None, 2), [[1, 1], [0, 0]]),
        ("TopKV2(z, a)", (3, 4), (), 4),
        ("Transpose(z, a)", (3, 4, 5), (None,), [2, 1, 0]),
        ("SplitV[num_split=3](z, a, axis)", (3, 7), (3,), [1, 1, 5]),
        ("Neg(a)", (3, 4), (2,), None),
        ("Reshape(other, a)", (3, 4), (2,), None),
    ],
)
def test_what_an_op_accepts(op, shape, declared, expected):
    graph = parse_graph(X + AXIS + "other = Sum(x, axis)\nb = Identity[T=int32](a)\nout = " + op.replace("a)", "b)"))
    value = graph.value("a")
    found = argument(value, declared, {graph.value("x"): shape})
    assert expected is None if found is None else np.array_equal(found, expected)
    assert is_argument(value) == ("Neg" not in op)


def test_the_shape_of_a_layer_counts():
    layer = """
    w = VariableV2[dtype=float32, shape=[4, 6]]
    b = VariableV2[dtype=float32, shape=[6]]
    product = MatMul(z, w)
    sum = BiasAdd(product, b)
    out = Reshape(sum, a)
    """
    graph = parse_graph(X + layer)
    assert argument(graph.value("a"), (3,), {graph.value("x"): (3, 4)}).tolist() == [3, 6, 1]


def test_the_shape_of_a_weight_counts():
    graph = parse_graph(X + "w = VariableV2[dtype=float32, shape=[2, 6]]\nout = Reshape(w, a)")
    assert argument(graph.value("a"), (3,), {}).tolist() == [2, 6, 1]
