"""Old ops and their successors: the rewritten graph in a function answers as the old one does in a session."""

import numpy as np
import pytest

from compat_saver.graph import Graph, parse_graph, to_graph_def
from compat_saver.passes import run_passes
from compat_saver.passes.replacements import OP_REPLACEMENTS

RNG = np.random.default_rng(0)
SQUARE = RNG.standard_normal((2, 4, 4)).astype(np.float32)
POSITIVE = SQUARE @ SQUARE.transpose(0, 2, 1) + np.eye(4, dtype=np.float32)
VIDEO = RNG.standard_normal((1, 3, 4, 4, 2)).astype(np.float32)
FLOAT = "x = Placeholder[dtype=float32, shape=[*]]\n"

OLD = {
    "AccumulateNV2": ("y = AccumulateNV2[N=2, T=float32, shape=[2, 4, 4]](x, x)", SQUARE),
    "BatchCholesky": ("y = BatchCholesky[T=float32](x)", POSITIVE),
    "BatchMatrixInverse": ("y = BatchMatrixInverse[T=float32](x)", POSITIVE),
    "BatchMatrixDeterminant": ("y = BatchMatrixDeterminant[T=float32](x)", POSITIVE),
    "BatchMatrixDiag": ("y = BatchMatrixDiag[T=float32](x)", POSITIVE[0]),
    "BatchMatrixDiagPart": ("y = BatchMatrixDiagPart[T=float32](x)", POSITIVE),
    "BatchMatrixSolve": ("y = BatchMatrixSolve[T=float32](x, x)", POSITIVE),
    "BatchMatrixBandPart": (
        "n = Const[dtype=int64, value=int64[](1)]\ny = BatchMatrixBandPart[T=float32](x, n, n)",
        SQUARE,
    ),
    "SelfAdjointEig": ("y = SelfAdjointEig[T=float32](x)", POSITIVE[0]),
    "BatchSelfAdjointEig": ("y = BatchSelfAdjointEig[T=float32](x)", POSITIVE),
    "BatchNormWithGlobalNormalization": (
        """
        m = Const[dtype=float32, value=float32[4](1.0, 2.0, 0.5, 0.1)]
        y = BatchNormWithGlobalNormalization[T=float32, variance_epsilon=0.01, scale_after_normalization=true]
        """.replace("=true]", "=true](x, m, m, m, m)"),
        SQUARE.reshape(2, 2, 2, 4),
    ),
    "Conv3DBackpropInput": (
        """
        k = Const[dtype=float32, value=float32[1, 1, 1, 2, 2](1.0, 2.0, 3.0, 4.0)]
        y = Conv3DBackpropInput[T=float32, strides={1, 1, 1, 1, 1}, padding="SAME"](x, k, x)
        """,
        VIDEO,
    ),
    "TensorArray": (
        """
        n = Const[dtype=int32, value=int32[](2)]
        flow = Const[dtype=float32, value=float32[](0.0)]
        array = TensorArray[dtype=float32, clear_after_read=false](n)
        filled = TensorArrayUnpack[T=float32](array, x, flow)
        one = Const[dtype=int32, value=int32[](1)]
        second = TensorArrayRead[dtype=float32](array, one, filled)
        both = TensorArrayPack[dtype=float32](array, filled)
        y = Add[T=float32](both, second)
        """,
        SQUARE,
    ),
}


def _in_a_session(graph: Graph, array: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.graph_util.import_graph_def(message, name="")
        return session.run("y:0", {"x:0": array})


def _in_a_function(graph: Graph, array: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())

    def body(x):
        return tf.graph_util.import_graph_def(message, input_map={"x:0": x}, return_elements=["y:0"], name="")

    function = tf.compat.v1.wrap_function(body, [tf.TensorSpec(array.shape, array.dtype)])
    return function(tf.constant(array))[0].numpy()


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_successor_answers_as_the_old_op_did(op):
    text, array = OLD[op]
    old, new = parse_graph(FLOAT + text, producer=6), parse_graph(FLOAT + text, producer=6)
    rewrites = run_passes([item() for item in OP_REPLACEMENTS], new)
    assert [item.count > 0 for item in rewrites] == [True]
    assert op not in {node.op for node in new}
    expected, found = _in_a_session(old, array), _in_a_function(new, array)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


# What today's TensorFlow can no longer run at all is held against what the old kernels did, by their source.


@pytest.mark.tensorflow
def test_top_k_takes_its_k_as_an_input():
    graph = parse_graph("x = Placeholder[dtype=float32, shape=[*]]\ny = TopK[T=float32, k=2](x)", producer=6)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    np.testing.assert_array_equal(_in_a_function(graph, SQUARE), -np.sort(-SQUARE, axis=-1)[..., :2])


@pytest.mark.tensorflow
def test_contrast_is_adjusted_in_float_and_clipped():
    text = """
    x = Placeholder[dtype=uint8, shape=[*]]
    factor = Const[dtype=float32, value=float32[](1.7)]
    low = Const[dtype=float32, value=float32[](10.0)]
    high = Const[dtype=float32, value=float32[](200.0)]
    y = AdjustContrast[T=uint8](x, factor, low, high)
    """
    graph = parse_graph(text, producer=1)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    image = RNG.integers(0, 255, (5, 4, 3)).astype(np.uint8)
    mean = image.astype(np.float32).mean(axis=(0, 1))
    expected = np.clip((image - mean) * 1.7 + mean, 10, 200)
    np.testing.assert_allclose(_in_a_function(graph, image), expected, rtol=1e-5)
