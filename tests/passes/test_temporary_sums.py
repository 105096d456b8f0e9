"""What tf.accumulate_n made becomes one AddN; a temporary variable used in another way stays."""

import pytest

from compat_saver.passes.replacements.variable_ops import TemporaryVariable
from tests.passes.graphs import apply

SUM = """
a = Placeholder[dtype=float32, shape=[2]]
b = Placeholder[dtype=float32, shape=[2]]
zeros = ZerosLike[T=float32](a)
sum = TemporaryVariable[dtype=float32, shape=[2]]
start = Assign[T=float32](sum, zeros)
add_a = AssignAdd[T=float32](start, a)
add_b = AssignAdd[T=float32](start, b)
"""


def test_the_sum_becomes_one_op():
    graph, _ = apply(TemporaryVariable(), SUM + "y = DestroyTemporaryVariable[T=float32](start, ^add_a, ^add_b)")
    assert graph["y"].op == "AddN"
    assert [value.name for value in graph["y"].inputs] == ["a:0", "b:0"]
    assert not graph["y"].control_inputs


def test_a_start_other_than_zeros_is_a_term():
    graph, _ = apply(
        TemporaryVariable(),
        SUM.replace("ZerosLike", "Neg") + "y = DestroyTemporaryVariable[T=float32](start, ^add_a, ^add_b)",
    )
    assert [value.name for value in graph["y"].inputs] == ["zeros:0", "a:0", "b:0"]


@pytest.mark.parametrize(
    "rest",
    [
        "y = DestroyTemporaryVariable[T=float32](start, ^add_a)",
        "y = DestroyTemporaryVariable[T=float32](start, ^add_a, ^add_b)\nz = Neg[T=float32](add_a)",
        "y = DestroyTemporaryVariable[T=float32](start, ^add_a, ^add_b)\nz = Neg[T=float32](start)",
        "y = DestroyTemporaryVariable[T=float32](add_a, ^add_b)",
    ],
)
def test_any_other_use_is_left_standing(rest):
    graph, _ = apply(TemporaryVariable(), SUM + rest)
    assert graph["y"].op == "DestroyTemporaryVariable"
