"""What workers exchange is what the only one gives."""

import pytest

from compat_saver.passes.replacements.all_reduce import OneProcess, OneWorker
from tests.passes.graphs import assert_rewrites

X = "x = Placeholder[dtype=float32, shape=[2]]\n"


@pytest.mark.parametrize(
    "before",
    [
        "HorovodAllreduce[T=float32]",
        "HorovodAllgather[T=float32]",
        "HorovodBroadcast[T=float32, root_rank=0]",
        "NcclBroadcast[T=float32, shape=[2]]",
    ],
)
def test_one_worker_has_its_own_value(before):
    assert_rewrites(
        OneWorker(),
        f"{X}sum = {before}(x, ^x)\ny = Neg[T=float32](sum)",
        f"{X}sum = Identity[T=float32](x, ^x)\ny = Neg[T=float32](sum)",
    )


@pytest.mark.parametrize(
    "graph",
    [
        "sum = HorovodAllreduce[T=float32](x, x)",
        "sum = HorovodAlltoall[T=float32](x)",
    ],
)
def test_anything_else_stays(graph):
    assert_rewrites(OneWorker(), X + graph, X + graph)


def _all(*inputs, name="c0", devices=2, reduction="sum"):
    attrs = f'T=float32, num_devices={devices}, reduction="{reduction}", shared_name="{name}"'
    return "\n".join(f"{name}/{number} = NcclAllReduce[{attrs}]({value})" for number, value in enumerate(inputs))


@pytest.mark.parametrize(
    ("reduction", "op"), [("sum", "AddV2"), ("prod", "Mul"), ("min", "Minimum"), ("max", "Maximum")]
)
def test_the_devices_of_one_process_reduce_what_all_of_them_give(reduction, op):
    nodes = f"{X}y = Neg[T=float32](x)\n"
    assert_rewrites(
        OneProcess(),
        nodes + _all("x", "y", reduction=reduction) + "\nz = Neg[T=float32](c0/1)",
        f"{nodes}c0/0/{op} = {op}[T=float32](x, y)\nc0/0 = Identity[T=float32](c0/0/{op})\n"
        f"c0/1 = Identity[T=float32](c0/0/{op})\nz = Neg[T=float32](c0/1)",
    )


def test_one_device_reduces_nothing():
    assert_rewrites(OneProcess(), X + _all("x", devices=1), f"{X}c0/0 = Identity[T=float32](x)")


def test_a_reduction_to_one_device_has_all_inputs_itself():
    assert_rewrites(
        OneProcess(),
        X + 'sum = NcclReduce[T=float32, num_devices=2, reduction="sum"](x, x)',
        f"{X}sum/AddV2 = AddV2[T=float32](x, x)\nsum = Identity[T=float32](sum/AddV2)",
    )


def test_a_reduction_some_devices_of_which_are_not_in_the_graph_stays():
    graph = X + _all("x", devices=2) + "\n" + _all("x", name="c1", devices=2)
    assert_rewrites(OneProcess(), graph, graph)
