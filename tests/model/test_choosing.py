"""What is said of the choice of outputs: unknown ops at the end, towers, inputs that were named."""

import pytest

import compat_saver
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import parse_graph, to_graph_def

X = "x = Placeholder[dtype=float32, shape=[?, 2]]\nw = Const[dtype=float32, value=float32[2, 2](1.0, 2.0, 3.0, 4.0)]\n"


def plan(text: str, tmp_path, **options):
    (tmp_path / "graph.pb").write_bytes(to_graph_def(parse_graph(X + text, 26)).SerializeToString())
    return compat_saver.migrate(tmp_path / "graph.pb", tmp_path / "out", dry_run=True, **options)


@pytest.mark.parametrize(
    ("op", "origin"), [("SimpleMLInferenceOp", "tensorflow_decision_forests"), ("TheirOp", "a third party")]
)
def test_an_unknown_op_at_the_end_is_named(op, origin, tmp_path):
    with pytest.raises(CannotMigrateError, match=rf"The graph ends with {op} \('end'\), an op of {origin} "):
        plan(f"end = {op}(x)", tmp_path)
    report = plan(f"hidden = MatMul[T=float32](x, w)\nend = {op}(hidden)", tmp_path)
    assert any(f"The graph ends with {op} ('end')" in warning for warning in report.warnings)


TWO = """
z = Placeholder[dtype=float32, shape=[?, 2]]
v = Const[dtype=float32, value=float32[2, 2](5.0, 2.0, 3.0, 4.0)]
prediction = MatMul[T=float32](x, w)
outputs = MatMul[T=float32](z, v)
"""


def test_outputs_with_inputs_of_their_own_are_signatures(tmp_path):
    signatures = plan(TWO, tmp_path).signatures
    found = {item.name: (set(item.inputs), set(item.outputs)) for item in signatures}
    assert found == {"serving_default": ({"x"}, {"prediction"}), "outputs": ({"z"}, {"outputs"})}


def test_of_named_inputs_the_outputs_that_need_no_more_are_served(tmp_path):
    (signature,) = plan(TWO, tmp_path, inputs=["x"]).signatures
    assert list(signature.outputs) == ["prediction"]


TOWERS = """
axis = Const[dtype=int32, value=int32[](0)]
split = Split[num_split=2, T=float32](axis, x)
one = MatMul[T=float32](split, w)
two = MatMul[T=float32](split:1, w)
"""


def test_the_piece_of_a_tower_is_its_input(tmp_path):
    report = plan(TOWERS, tmp_path, outputs=["one"])
    (signature,) = report.signatures
    assert {key: tensor.name for key, tensor in signature.inputs.items()} == {"x": "split:0"}
    assert any("cuts 'x:0' into pieces for towers" in warning for warning in report.warnings)
    (both,) = plan(TOWERS, tmp_path, outputs=["one", "two"]).signatures
    assert {tensor.name for tensor in both.inputs.values()} == {"x:0"}
