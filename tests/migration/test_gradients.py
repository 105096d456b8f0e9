"""Which variables get a gradient, as verification finds it out."""

import numpy as np
import pytest

import compat_saver
from compat_saver.graph import OpCatalog, parse_graph, to_graph_def
from compat_saver.migration.verification import gradients
from compat_saver.passes.control_flow.parts import add_function
from tests.golden_cases import case
from tests.small_models import DENSE, make_meta, write_model

pytestmark = pytest.mark.tensorflow

ALL = {"with": 2, "without": 0, "zero_for": [], "none_for": [], "error": ""}
NONE = {"with": 0, "without": 2, "zero_for": [], "none_for": ["w", "b"]}
CHOSEN = "\naxis = Const[dtype=int32, value=int32[](1)]\ny = ArgMax[T=float32, Tidx=int32](prediction, axis)"


def found(tmp_path, text: str = "", outputs: tuple[str, ...] = ("prediction",)) -> dict:
    source = write_model(tmp_path, DENSE + text)
    report = compat_saver.migrate(source, tmp_path / "out", outputs=outputs)
    return report.to_dict()["verification"]["gradients"]["serving_default"]


def test_variables_behind_a_floating_output_have_one(tmp_path):
    assert found(tmp_path) == ALL


def test_a_variable_counts_for_the_signatures_that_depend_on_it(tmp_path):
    assert found(tmp_path, outputs=("product",)) == ALL | {"with": 1}


def test_integers_have_none(tmp_path):
    assert found(tmp_path, CHOSEN, ("y",)) == NONE | {"error": "it has no floating output"}


def test_a_path_through_integers_gives_none(tmp_path):
    text = CHOSEN + "\nz = Cast[SrcT=int64, DstT=float32](y)"
    assert found(tmp_path, text, ("z",)) == NONE | {"error": ""}


def test_a_gradient_may_be_zero(tmp_path):
    text = "\nnone = Const[dtype=float32, value=float32[](0)]\ny = Mul[T=float32](product, none)"
    text += "\nz = BiasAdd[T=float32](y, b/read)"
    assert found(tmp_path, text, ("z",)) == ALL | {"zero_for": ["w"]}


def test_the_gradient_of_a_large_variable_is_not_evaluated(tmp_path, monkeypatch):
    monkeypatch.setattr(gradients, "_LARGEST_EVALUATED", 16)
    text = "\nnone = Const[dtype=float32, value=float32[](0)]\ny = Mul[T=float32](prediction, none)"
    assert found(tmp_path, text, ("y",)) == ALL | {"zero_for": ["b"]}


def test_a_large_graph_is_not_tried(tmp_path, monkeypatch):
    monkeypatch.setattr(gradients, "_MOST_NODES", 3)
    taken = found(tmp_path)
    assert taken.pop("error").endswith("nodes, more than 3")
    assert taken == NONE


def test_an_op_without_gradient_is_named(tmp_path):
    """TensorFlow has none for it, nor says that it has none."""
    text = "\nsize = Const[dtype=int32, value=int32[2](4, 4)]\nshape = Const[dtype=int32, value=int32[4](1, 1, 3, 1)]"
    text += "\nimage = Reshape[T=float32, Tshape=int32](b/read, shape)\ny = ResizeArea[T=float32](image, size)"
    source = write_model(tmp_path, DENSE + text)
    report = compat_saver.migrate(source, tmp_path / "out", outputs=["y"])
    (taken,) = report.verification.gradients.values()
    assert taken.missing == ("b",)
    assert "ResizeArea" in taken.error


def test_rows_of_a_table_have_a_sparse_one(tmp_path):
    chosen = case("1.15.5", "embedding")
    report = compat_saver.migrate(chosen.prefix, tmp_path / "out", **chosen.arguments)
    (taken,) = report.verification.gradients.values()
    assert set(taken.found) == set(chosen.facts["trainable"]) & {weight.name for weight in report.weights}
    assert (taken.zero, taken.missing, taken.error) == ((), (), "")


def test_a_loop_whose_gradient_is_an_output_has_gradients(tmp_path):
    chosen = case("1.15.5", "flow_saliency")
    report = compat_saver.migrate(chosen.prefix, tmp_path / "out", **chosen.arguments)
    (taken,) = report.verification.gradients.values()
    assert set(taken.found) == set(chosen.facts["trainable"])
    assert (taken.zero, taken.missing, taken.error) == ((), (), "")


POWER = """
x = _Arg[T=float32, index=0]
w = _Arg[T=float32, index=1]
zero = Const[dtype=int32, value=int32[](0)]
i = Enter[T=int32, frame_name="loop"](zero)
y = Enter[T=float32, frame_name="loop"](x)
three = Enter[T=int32, frame_name="loop", is_constant=true](times)
times = Const[dtype=int32, value=int32[](3)]
factor = Enter[T=float32, frame_name="loop", is_constant=true](w)
merge_i = Merge[N=2, T=int32](i, next_i)
merge_y = Merge[N=2, T=float32](y, next_y)
less = Less[T=int32](merge_i, three)
more = LoopCond(less)
switch_i = Switch[T=int32](merge_i, more)
switch_y = Switch[T=float32](merge_y, more)
pivot = Identity[T=int32](switch_i:1)
one = Const[dtype=int32, value=int32[](1)](^pivot)
add = Add[T=int32](pivot, one)
scaled = Mul[T=float32](switch_y:1, factor)
next_i = NextIteration[T=int32](add)
next_y = NextIteration[T=float32](scaled)
exit = Exit[T=float32](switch_y)
result = _Retval[T=float32, index=0](exit)
"""


def test_a_loop_in_a_called_function_has_them(tmp_path):
    text = DENSE + "power = PartitionedCall[Tin={float32, float32}, Tout={float32}, f=@power](prediction, b/read)"
    graph, body = parse_graph(text, 26), parse_graph(POWER, 26)
    body.functions = graph.functions
    add_function("power", body, OpCatalog())
    source = write_model(tmp_path, text)
    meta = make_meta(text, ("w", "b"))
    meta.message.graph_def.CopyFrom(to_graph_def(graph))
    source.with_name("model.ckpt.meta").write_bytes(meta.message.SerializeToString())
    report = compat_saver.migrate(source, tmp_path / "out", outputs=["power"])
    assert not any("TF1 form" in warning for warning in report.warnings)

    import tensorflow as tf

    model, x = tf.saved_model.load(str(tmp_path / "out")), tf.constant([[1.0, 2.0]])
    w, b = (model.weights[name] for name in "wb")
    with tf.GradientTape() as tape:
        found = tape.gradient(model.signatures["serving_default"](x=x)["power"], [w, b])
    with tf.GradientTape() as tape:
        expected = tape.gradient((x @ w + b) * b**3, [w, b])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_those_of_a_counted_loop_compile(tmp_path):
    """XLA needs the number of iterations; with unknown shapes it does not compile gradients of TensorFlow 2 either."""
    loop = POWER.replace("x = _Arg[T=float32, index=0]\n", "").replace("w = _Arg[T=float32, index=1]\n", "")
    loop = loop.replace("(x)", "(prediction)").replace("(w)", "(b/read)").partition("result = ")[0]
    loop = loop.replace("merge_y = Merge[", "merge_y = Merge[_output_shapes={[1, 3], []}, ")
    loop = loop.replace("factor = Enter[", "factor = Enter[_output_shapes={[3]}, ")
    text = DENSE.replace("[?, 2]", "[1, 2]").replace("b/read = Identity[", "b/read = Identity[_output_shapes={[3]}, ")
    text += loop
    report = compat_saver.migrate(write_model(tmp_path, text), tmp_path / "out", outputs=["exit"])
    assert report.status == "passed"

    import tensorflow as tf

    model = tf.saved_model.load(str(tmp_path / "out"))

    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(model.signatures["serving_default"](x=x)["exit"]))
        return tape.gradient(loss, [model.weights["w"], model.weights["b"]])

    x = tf.constant([[1.0, 2.0]])
    for one, other in zip(step(x), tf.function(step, jit_compile=True)(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
