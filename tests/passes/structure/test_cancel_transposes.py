"""Transposes between layers cancel, and those that others read stay."""

from compat_saver.graph import parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.cancel_transposes import CancelTransposes
from compat_saver.passes.structure.removals import Prune

ENDS = """
x = Placeholder[dtype=float32]
first = Const[dtype=int32, value=int32[4](0, 3, 1, 2)]
last = Const[dtype=int32, value=int32[4](0, 2, 3, 1)]
a = Transpose[T=float32, Tperm=int32](x, first)
"""


def ops(lines: str) -> list[str]:
    graph = parse_graph(ENDS + lines)
    run_passes([CancelTransposes(), Prune(["y"])], graph)
    return [node.op for node in graph if node.op not in ("Const", "Placeholder")]


def test_two_that_undo_each_other_go():
    assert ops("b = Transpose[T=float32, Tperm=int32](a, last)\ny = Neg[T=float32](b)") == ["Neg"]


def test_they_cancel_through_what_computes_element_by_element():
    assert ops(
        """
        relu = Relu[T=float32](a)
        sum = AddV2[T=float32](relu, a)
        bias = Placeholder[dtype=float32]
        biased = BiasAdd[T=float32, data_format="NCHW"](sum, bias)
        b = Transpose[T=float32, Tperm=int32](biased, last)
        y = Neg[T=float32](b)
        """
    ) == ["Relu", "AddV2", "BiasAdd", "Neg"]


def test_the_axis_of_a_concatenation_is_the_one_before():
    graph = parse_graph(
        ENDS
        + """
        axis = Const[dtype=int32, value=int32[](1)]
        both = ConcatV2[T=float32, N=2](a, a, axis)
        y = Transpose[T=float32, Tperm=int32](both, last)
        z = Neg[T=float32](y)
        """
    )
    run_passes([CancelTransposes(), Prune(["z"])], graph)
    assert "Transpose" not in {node.op for node in graph}
    assert graph["both"].inputs[2].node.attr.tensor("value").int_val[:] == [3]


def test_a_mean_over_height_and_width_needs_no_transpose():
    axes = "axes = Const[dtype=int32, value=int32[2](2, 3)]\n"
    assert ops(axes + "y = Mean[T=float32, keep_dims=false](a, axes)") == ["Mean"]


def test_what_mixes_layouts_stays():
    assert ops("y = AddV2[T=float32](a, x)") == ["Transpose", "AddV2"]
    assert ops("b = Transpose[T=float32, Tperm=int32](a, first)\ny = Neg[T=float32](b)") == [
        "Transpose",
        "Transpose",
        "Neg",
    ]
