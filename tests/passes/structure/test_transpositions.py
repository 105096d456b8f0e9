"""Transpositions of images move forward until they cancel; every name stands for the same tensor."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.removals import Prune
from compat_saver.passes.structure.transpositions import CancelTranspositions
from tests.passes.graphs import apply, assert_rewrites, floats, in_a_session

START = """
x = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
b = Placeholder[dtype=float32, shape=[?]]
second = Const[dtype=int32, value=int32[4](0, 3, 1, 2)]
last = Const[dtype=int32, value=int32[4](0, 2, 3, 1)]
half = Const[dtype=float32, value=float32[](0.5)]
axis = Const[dtype=int32, value=int32[](-3)]
space = Const[dtype=int32, value=int32[2](2, -1)]
pads = Const[dtype=int32, value=int32[4, 2](0, 0, 1, 2, 3, 4, 5, 6)]
t = Transpose[T=float32, Tperm=int32](x, second)
"""
END = "\ny = Transpose[T=float32, Tperm=int32](m, last)\nend = Identity[T=float32](y)"
MOVING = [
    "m = Relu[T=float32](t)",
    "m = Add[T=float32](t, t)",
    "m = Mul[T=float32](half, t)",
    'm = BiasAdd[T=float32, data_format="NCHW"](t, b)',
    "m = ConcatV2[N=2, T=float32, Tidx=int32](t, t, axis)",
    "m = Pad[T=float32, Tpaddings=int32](t, pads)",
    "m = PadV2[T=float32, Tpaddings=int32](t, pads, half)",
    "r = Relu[T=float32](t)\nm = Sub[T=float32](r, t)",
    "m = Mean[T=float32, Tidx=int32, keep_dims=true](t, space)",
]


def test_a_pair_cancels_and_what_is_read_in_between_stays():
    assert_rewrites(
        CancelTranspositions(),
        START + END.replace("(m, last)", "(t, last)") + "\nother = Shape[T=float32](t)",
        START + END.replace("(m, last)", "(t, last)").replace("(y)", "(x)") + "\nother = Shape[T=float32](t)",
    )


@pytest.mark.tensorflow
@pytest.mark.parametrize("middle", MOVING)
def test_it_moves_behind_what_does_not_depend_on_the_order(middle):
    before, (after, (rewrite,)) = parse_graph(START + middle + END), apply(CancelTranspositions(), START + middle + END)
    assert rewrite.count == 1
    feeds = {"x:0": floats(2, 5, 4, 3), "b:0": floats(3)}
    with in_a_session(before) as original, in_a_session(after) as session:
        for name in ("m:0", "end:0"):
            np.testing.assert_allclose(session.run(name, feeds), original.run(name, feeds), rtol=1e-6)
    run_passes([Prune(["end"])], after)
    assert [node for node in after if node.op == "Transpose"] == []


@pytest.mark.parametrize(
    "middle",
    [
        "m = Add[T=float32](t, b)",
        "m = Softmax[T=float32](t)",
        'm = BiasAdd[T=float32, data_format="NHWC"](t, b)',
        "a = Identity[T=int32](axis)\nm = ConcatV2[N=2, T=float32, Tidx=int32](t, t, a)",
        "m = ConcatV2[N=2, T=float32, Tidx=int32](t, x, axis)",
    ],
)
def test_it_stays_before_what_depends_on_the_order(middle):
    _, rewrites = apply(CancelTranspositions(), START + middle + END)
    assert rewrites == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("axes", ["2, 3", "-1, -2", "0, 1"])
def test_a_reduction_needs_none_if_it_leaves_the_order(axes):
    text = START + f"axes = Const[dtype=int32, value=int32[2]({axes})]\nm = Mean[T=float32, Tidx=int32](t, axes)"
    before, (after, _) = parse_graph(text), apply(CancelTranspositions(), text)
    feeds = {"x:0": floats(2, 5, 4, 3)}
    with in_a_session(before) as original, in_a_session(after) as session:
        np.testing.assert_allclose(session.run("m:0", feeds), original.run("m:0", feeds), rtol=1e-4)
    run_passes([Prune(["m"])], after)
    assert [node for node in after if node.op == "Transpose"] == []


def test_a_reduction_that_changes_the_order_reads_the_transposition():
    text = START + "axes = Const[dtype=int32, value=int32[1](3)]\nm = Max[T=float32, Tidx=int32](t, axes)"
    assert apply(CancelTranspositions(), text)[1] == []
