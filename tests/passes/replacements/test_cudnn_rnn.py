"""cuDNN's networks as core ops, held against their formulas; the golden cases hold them against TensorFlow 1."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from compat_saver.passes.replacements.cudnn_rnn import CudnnRNN
from tests.passes.graphs import floats, rewritten

NETWORK = """
x = Placeholder[dtype=float32, shape=[?, ?, ?]]
h = Placeholder[dtype=float32, shape=[1, ?, ?]]
p = Placeholder[dtype=float32, shape=[?]]
c = Const[dtype=float32, value=float32[0]()]
y = CudnnRNN[T=float32, ATTRS](x, h, c, p)
"""
TANH = 'rnn_mode="rnn_tanh"'


@pytest.mark.tensorflow
@pytest.mark.parametrize("skips_input", [False, True])
def test_a_layer_follows_its_formula(skips_input):
    units = 3
    x, h = floats(4, 2, units), floats(1, 2, units)
    w, r, b, c = floats(units, units), floats(units, units), floats(units), floats(units)
    outputs, state = [], h[0]
    for step in x:
        state = np.tanh((step if skips_input else step @ w.T) + b + state @ r.T + c)
        outputs.append(state)
    parameters = np.concatenate([array.reshape(-1) for array in ([] if skips_input else [w]) + [r, b, c]])
    mode = "skip_input" if skips_input else "linear_input"
    run = rewritten(NETWORK.replace("ATTRS", f'{TANH}, input_mode="{mode}"'), ("y:0", "y:0"))
    np.testing.assert_allclose(run(x, h, parameters)[0], np.stack(outputs), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "start",
    [
        "s = Placeholder[dtype=float32, shape=[2, ?, 3]]",
        "s = VariableV2[dtype=float32, shape=[2, 1, 3]]",
        "n = Const[dtype=int32, value=int32[3](2, 1, 3)]\ns = Fill[T=float32, index_type=int32](n, z)",
        "n = Const[dtype=int32, value=int32[](2)]\nd = Pack[N=3, T=int32, axis=0](n, b, b)\ns = Fill[T=float32](d, z)",
        "n = Const[dtype=int32, value=int32[3](2, 1, 1)]\nd = Placeholder[dtype=float32, shape=[1, ?, 3]]\n"
        "s = Tile[T=float32, Tmultiples=int32](d, n)",
        "d = Placeholder[dtype=float32, shape=[?, 3]]\ns = Pack[N=2, T=float32, axis=0](d, d)",
        "d = Placeholder[dtype=float32, shape=[1, ?, 3]]\na = Const[dtype=int32, value=int32[](0)]\n"
        "s = ConcatV2[N=2, T=float32, Tidx=int32](d, d, a)",
    ],
)
def test_the_number_of_layers_is_found(start):
    assert takes(start, TANH)


@pytest.mark.parametrize(
    ("start", "attrs"),
    [
        ("s = Placeholder[dtype=float32, shape=[?, ?, 3]]", TANH),
        ("s = Placeholder[dtype=float32, shape=[3, ?, 3]]", f'{TANH}, direction="bidirectional"'),
        ("s = Placeholder[dtype=float32, shape=[2, ?, 3]]", f"{TANH}, dropout=0.5, is_training=true"),
        ("s = Placeholder[dtype=float32, shape=[2, ?, 3]]", f'{TANH}, input_mode="auto_select"'),
    ],
)
def test_what_is_random_or_cannot_be_known_stays(start, attrs):
    assert not takes(start, attrs)


def takes(start: str, attrs: str) -> bool:
    text = f"""
    z = Const[dtype=float32, value=float32[](0.0)]
    b = Placeholder[dtype=int32, shape=[]]
    {start}
    y = CudnnRNN[T=float32, {attrs}](z, s, z, z)
    """
    graph = parse_graph(text)
    return CudnnRNN().takes(graph, graph["y"])
