"""Values that a saver assembles from several tensors of a checkpoint."""

import numpy as np
import pytest

import compat_saver
from compat_saver.analysis.values.assembled import assembled_values
from compat_saver.graph import parse_graph
from tests.small_models import write_checkpoint

SAVER = """
v = VariableV2[dtype=float32, shape=[*]]
n = Const[dtype=int32, value=int32[](1)]
file = Placeholder[dtype=string]
names = Const[dtype=string, value=string[2]("cell/kernel", "cell/bias")]
whole = Const[dtype=string, value=string[2]("", "")]
restore = RestoreV2[dtypes={float32, float32}](file, names, whole)
order = Const[dtype=int32, value=int32[2](1, 0)]
turned = Transpose[T=float32, Tperm=int32](restore, order)
sizes = Const[dtype=int32, value=int32[2](1, 2)]
sides = SplitV[T=float32, Tlen=int32, num_split=2](turned, sizes, n)
half = Const[dtype=float32, value=float32[](0.5)]
b = Mul[T=float32](restore:1, half)
all = CudnnRNNCanonicalToParams[T=float32, num_params=2](n, n, n, sides, sides:1, b, b)
set = Assign[T=float32](v, all)
"""
KERNEL, BIAS = np.arange(6, dtype=np.float32).reshape(3, 2), np.float32([2, 4])
PARAMETERS = [0, 1, 2, 4, 3, 5, 1, 2, 1, 2]


def assembled(tmp_path, **tensors):
    with compat_saver.open_checkpoint(write_checkpoint(tmp_path / "m", tensors)) as checkpoint:
        return assembled_values(parse_graph(SAVER), checkpoint)


@pytest.mark.parametrize("scope", ["", "model/"])
def test_it_is_what_the_savers_nodes_compute(tmp_path, scope):
    found = assembled(tmp_path, **{f"{scope}cell/bias": BIAS, f"{scope}cell/kernel": KERNEL})
    assert found["v"].tolist() == PARAMETERS


@pytest.mark.parametrize(
    "tensors",
    [
        {"cell/kernel": KERNEL},
        {"a/cell/bias": BIAS, "b/cell/bias": BIAS, "cell/kernel": KERNEL},
        {"cell/bias": BIAS, "cell/kernel": KERNEL[0]},
    ],
)
def test_what_is_missing_ambiguous_or_of_another_shape_gives_nothing(tmp_path, tensors):
    assert assembled(tmp_path, **tensors) == {}
