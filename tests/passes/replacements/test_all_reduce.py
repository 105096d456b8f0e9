"""What workers exchange is what the only one gives."""

import pytest

from compat_saver.passes.replacements.all_reduce import OneWorker
from tests.passes.graphs import assert_rewrites

X = "x = Placeholder[dtype=float32, shape=[2]]\n"


@pytest.mark.parametrize(
    "before",
    [
        "HorovodAllreduce[T=float32]",
        "HorovodAllgather[T=float32]",
        "HorovodBroadcast[T=float32, root_rank=0]",
        'NcclAllReduce[T=float32, num_devices=1, reduction="sum", shared_name="c0"]',
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
        'sum = NcclAllReduce[T=float32, num_devices=2, reduction="sum", shared_name="c0"](x)',
        "sum = HorovodAllreduce[T=float32](x, x)",
        "sum = HorovodAlltoall[T=float32](x)",
    ],
)
def test_anything_else_stays(graph):
    assert_rewrites(OneWorker(), X + graph, X + graph)
