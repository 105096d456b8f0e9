"""Ops that change a variable: zeros, scattered additions, temporary sums."""

import numpy as np
import pytest

from compat_saver.passes.replacements.variable_ops import ScatterAddNdim, TemporaryVariable, ZeroInitializer
from tests.passes.graphs import apply, assert_rewrites, in_a_function


def test_scatter_add_ndim_gets_its_fixed_types():
    assert_rewrites(
        ScatterAddNdim(),
        """
        v = VariableV2[dtype=float32, shape=[3]]
        i = Placeholder[dtype=int32, shape=[?, 1]]
        d = Placeholder[dtype=float32, shape=[?]]
        add = ScatterAddNdim(v, i, d)
        """,
        """
        v = VariableV2[dtype=float32, shape=[3]]
        i = Placeholder[dtype=int32, shape=[?, 1]]
        d = Placeholder[dtype=float32, shape=[?]]
        add = ScatterNdAdd[T=float32, Tindices=int32](v, i, d)
        """,
    )


ZEROS = "v = VariableV2[dtype=float32, shape={shape}]\nzeros = ZeroInitializer[T=float32](v)\n"


def test_a_variable_of_unknown_shape_cannot_be_filled_with_zeros():
    graph, rewrites = apply(ZeroInitializer(), ZEROS.format(shape="[?, 2]"))
    assert rewrites == []
    assert graph["zeros"].op == "ZeroInitializer"


def test_zeros_are_assigned_to_a_reference():
    graph, _ = apply(ZeroInitializer(), ZEROS.format(shape="[3, 2]"))
    assign = graph["zeros"]
    assert assign.op == "Assign"
    assert [value.node.op for value in assign.inputs] == ["VariableV2", "Fill"]


@pytest.mark.tensorflow
def test_readers_of_a_handle_after_its_zeros_still_read_after_them():
    text = """
        handle = VarHandleOp[dtype=float32, shape=[2], shared_name="zeros_test"]
        ready = ZeroVarInitializer[dtype=float32, shape=[2]](handle)
        y = ReadVariableOp[dtype=float32](ready)
    """
    graph, _ = apply(ZeroInitializer(), text)
    np.testing.assert_array_equal(in_a_function(graph), [0, 0])


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
def test_any_other_use_is_left_unchanged(rest):
    graph, _ = apply(TemporaryVariable(), SUM + rest)
    assert graph["y"].op == "DestroyTemporaryVariable"
