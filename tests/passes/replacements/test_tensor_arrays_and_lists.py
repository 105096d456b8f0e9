"""Tensor arrays become V3, and tensor lists get the input they lack."""

import pytest

from compat_saver.passes.replacements.tensor_arrays_and_lists import TensorArray, TensorList
from tests.passes.graphs import (
    SQUARE,
    assert_computes_the_same,
    assert_rewrites,
)

LISTS = """
    shape = Const[dtype=int32, value=int32[](-1)]
    limit = Const[dtype=int32, value=int32[](-1)]
    list = EmptyTensorList[element_dtype=float32, shape_type=int32](shape{limit})
"""


def test_a_tensor_list_without_a_limit_gets_one():
    (rewrite,) = assert_rewrites(
        TensorList(),
        LISTS.format(limit=""),
        LISTS.format(limit=", list/Const") + "list/Const = Const[dtype=int32, value=int32[](-1)]",
    )
    assert rewrite.detail == "1 EmptyTensorList -> EmptyTensorList with max_num_elements"


def test_a_current_tensor_list_stays():
    assert_rewrites(TensorList(), LISTS.format(limit=", limit"), LISTS.format(limit=", limit"))


def test_tensor_arrays_become_v3_through_loops():
    assert_rewrites(
        TensorArray(),
        """
        size = Const
        array = TensorArrayV2[dtype=float32](size)
        enter = Enter[T=string, frame_name="while"](array)
        write = TensorArrayWriteV2[T=float32](enter, size, size, size)
        read = TensorArrayGatherV2[dtype=float32](array, size, size)
        """,
        """
        size = Const
        array = TensorArrayV3[dtype=float32](size)
        enter = Enter[T=resource, frame_name="while"](array)
        write = TensorArrayWriteV3[T=float32](enter, size, size, size)
        read = TensorArrayGatherV3[dtype=float32](array, size, size)
        """,
    )


OLD = {
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


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", OLD)
def test_the_replacement_computes_what_the_old_op_computes(op):
    assert_computes_the_same(op, *OLD[op])
