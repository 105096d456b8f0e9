"""Ops whose successor computes the same, in a function as in a session."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from compat_saver.passes.replacements.renamed_ops import TPUReplication
from tests.passes.graphs import (
    POSITIVE,
    SQUARE,
    assert_computes_the_same,
    assert_rewrites,
    in_a_function,
    in_a_session,
    replaced,
)


@pytest.mark.tensorflow
def test_top_k_takes_its_k_as_an_input():
    graph = replaced("x = Placeholder[dtype=float32, shape=[*]]\ny = TopK[T=float32, k=2](x)", producer=6)
    np.testing.assert_array_equal(in_a_function(graph, {"x:0": SQUARE}), -np.sort(-SQUARE, axis=-1)[..., :2])


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", ["FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D"])
def test_a_batch_fft_is_the_fft(op):
    """Current TensorFlow has no CPU kernel for these, so NumPy is the reference."""
    graph = replaced(f"x = Placeholder[dtype=complex64, shape=[*]]\ny = Batch{op}(x)", producer=12)
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((2, 4, 3, 8)) + 1j * rng.standard_normal((2, 4, 3, 8))).astype(np.complex64)
    transform = {"F": np.fft.fftn, "I": np.fft.ifftn}[op[0]]
    axes = tuple(range(-int(op[-2]) if op.endswith("D") else -1, 0))
    with in_a_session(graph) as session:
        np.testing.assert_allclose(session.run("y:0", {"x:0": values}), transform(values, axes=axes), atol=1e-5)


@pytest.mark.tensorflow
def test_an_audio_summary_is_the_same():
    text = """
    x = Placeholder[dtype=float32, shape=[*]]
    tag = Const[dtype=string, value=string[]("sound")]
    y = AudioSummary[sample_rate=8000.0, max_outputs=2](tag, x)
    """
    old, new = parse_graph(text, producer=14), replaced(text, producer=14)
    sound = {"x:0": np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 20)}
    with in_a_session(old) as before, in_a_session(new) as after:
        assert after.run("y:0", sound) == before.run("y:0", sound)


def test_one_replica_is_connected_directly():
    assert_rewrites(
        TPUReplication(),
        """
        x = Placeholder
        meta = TPUReplicateMetadata[num_replicas=1, topology="", use_tpu=true]
        input0 = TPUReplicatedInput[N=1, T=float32](x)
        y = Neg[T=float32](input0, ^meta)
        output0 = TPUReplicatedOutput[num_replicas=1, T=float32](y)
        """,
        """
        x = Placeholder
        meta = NoOp
        input0 = Identity[T=float32](x)
        y = Neg[T=float32](input0, ^meta)
        output0 = Identity[T=float32](y)
        """,
    )


def test_several_replicas_stay():
    text = """
    meta = TPUReplicateMetadata[num_replicas=2]
    input0 = TPUReplicatedInput[N=2, T=float32](meta, meta)
    output0 = TPUReplicatedOutput[num_replicas=2, T=float32](input0)
    """
    assert assert_rewrites(TPUReplication(), text, text) == []


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
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_replacement_computes_what_the_old_op_computes(op):
    assert_computes_the_same(op, *OLD[op])
