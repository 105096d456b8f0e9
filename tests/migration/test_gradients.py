"""Which variables get a gradient, as verification finds it out."""

import pytest

import compat_saver
from compat_saver.migration.verification import gradients
from tests.golden_cases import case
from tests.small_models import DENSE, write_model

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
