"""Further formats beside the SavedModel: written from it, compared with the original, or nothing is published."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver.cli import main
from compat_saver.errors import TimeLimitError
from compat_saver.migration import exports
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.report import MigrationReport
from compat_saver.migration.verification.comparison import Comparison
from compat_saver.migration.verification.reference_run import ReferenceRun
from compat_saver.report.html.pages import migration_page
from compat_saver.report.migration_table import render_migration
from compat_saver.report.text import as_text
from tests.golden_cases import case
from tests.report.outcomes import make_report

needs_onnx = pytest.mark.skipif(importlib.util.find_spec("tf2onnx") is None, reason="needs compat-saver[onnx]")


def migrate(name: str, out: Path, **options) -> MigrationReport:
    chosen = case("1.15.5", name)
    return compat_saver.migrate(chosen.prefix, out, isolate=False, **{**chosen.arguments, **options})


def check_golden(name: str, run: exports.Run) -> None:
    """Compares with what TensorFlow 1 computed."""
    chosen = case("1.15.5", name)
    report = compat_saver.migrate(chosen.prefix, "unused", dry_run=True, **chosen.arguments)
    (served,) = report.signatures
    for inputs, expected in chosen.runs():
        found = run({key: inputs[tensor.name].astype(np.float32) for key, tensor in served.inputs.items()})
        for key, tensor in served.outputs.items():
            np.testing.assert_allclose(found[key], expected[tensor.name], rtol=1e-4, atol=1e-5)


@pytest.mark.tensorflow
def test_tensorflow_lite(tmp_path):
    report = migrate("conv_batch_norm", tmp_path / "out", to=["tflite"])
    (found,) = report.to_dict()["exports"]
    assert 0 <= found.pop("max_abs_diff") < 1e-5
    assert found == {
        "file": "model.tflite",
        "format": "tflite",
        "signature": "serving_default",
        "ops": "builtin",
        "status": "passed",
    }
    recorded = json.loads((tmp_path / "out/assets.extra/compat_saver/report.json").read_text())
    assert recorded["exports"] == report.to_dict()["exports"]
    check_golden("conv_batch_norm", exports._tflite_runner(tmp_path / "out/model.tflite", "serving_default"))
    source = case("1.15.5", "conv_batch_norm").prefix
    again = compat_saver.verify(source, tmp_path / "out", isolate=False)
    assert [(item.file, item.status) for item in again.exports] == [("model.tflite", "passed")]
    (tmp_path / "out/model.tflite").write_bytes(b"damaged")
    with pytest.raises(compat_saver.VerificationError, match=r"model\.tflite: the file: cannot be loaded"):
        compat_saver.verify(source, tmp_path / "out", isolate=False)


def test_recorded_files_are_those_beside_the_model(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "outside.onnx").touch()
    (tmp_path / "out/inside.onnx").touch()
    (tmp_path / "out/link.onnx").symlink_to(tmp_path / "outside.onnx")
    names = ["inside.onnx", "link.onnx", "../outside.onnx", str(tmp_path / "outside.onnx"), "gone.onnx", "."]
    recorded = [{"file": name, "format": "onnx", "signature": "s", "ops": "opset 17"} for name in names]
    recorded.append({**recorded[0], "format": "pickle"})
    found = exports.recorded_exports({"exports": recorded}, tmp_path / "out")
    assert found == (exports.Export("inside.onnx", "onnx", "s", "opset 17"),)


def test_a_file_that_nothing_installed_runs_is_not_verified(tmp_path, monkeypatch):
    monkeypatch.setattr(exports.importlib.util, "find_spec", lambda name: None)
    made = exports.Export("model.onnx", "onnx", "s", "opset 17")
    signature = compat_saver.migrate(case("1.15.5", "conv_batch_norm").prefix, "unused", dry_run=True).signatures[0]
    reference = ReferenceRun(dataclasses.replace(signature, name="s"))
    assert exports.verify_exports(tmp_path, [made], [reference], MigrationOptions()) == (made,)


def test_a_conversion_that_does_not_end(tmp_path, monkeypatch):
    stuck = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(exports, "module_command", lambda module: stuck)
    with pytest.raises(
        TimeLimitError, match=r"into model\.onnx did not finish within 0\.5 seconds\. Leave out --to onnx"
    ):
        exports._write_onnx(tmp_path, "s", tmp_path / "model.onnx", MigrationOptions(timeout=0.05))


@pytest.mark.tensorflow
@needs_onnx
def test_onnx(tmp_path):
    report = migrate("conv_batch_norm", tmp_path / "out", to=["onnx"])
    assert [(item.file, item.status) for item in report.exports] == [("model.onnx", "passed")]
    check_golden("conv_batch_norm", exports._onnx_runner(tmp_path / "out/model.onnx", "serving_default"))


@pytest.mark.tensorflow
@needs_onnx
def test_what_onnx_has_no_form_for(tmp_path):
    with pytest.raises(compat_saver.CannotMigrateError, match=r"no form in ONNX: tf2onnx says .*Leave out --to onnx"):
        migrate("index_tables", tmp_path / "out", to=["onnx"])
    assert not [*tmp_path.iterdir()]


@pytest.mark.tensorflow
def test_a_file_for_each_of_several_signatures(tmp_path):
    both = {"a/b": (None, ["policy_output:0"]), "value": (None, ["value_output:0"])}
    report = migrate("multi_head", tmp_path / "out", to=["tflite"], outputs=None, inputs=None, signatures=both)
    assert [item.file for item in report.exports] == ["a%2Fb.tflite", "value.tflite"]
    assert all((tmp_path / "out" / item.file).is_file() and item.status == "passed" for item in report.exports)


@pytest.mark.tensorflow
def test_kernels_of_tensorflow_are_the_second_choice_and_reported(tmp_path):
    report = migrate("int_bool_string", tmp_path / "out", to=["tflite"], verify=False)
    assert [(item.ops, item.status) for item in report.exports] == [("select_tf", "skipped")]


@pytest.mark.tensorflow
def test_what_differs_is_not_published(tmp_path, monkeypatch):
    make = exports._tflite_runner

    def shifted(path: Path, signature: str) -> exports.Run:
        run = make(path, signature)
        return lambda feeds: {key: value + 0.1 for key, value in run(feeds).items()}

    monkeypatch.setitem(exports._RUNNERS, "tflite", shifted)
    with pytest.raises(compat_saver.VerificationError, match="nothing was published") as caught:
        migrate("conv_batch_norm", tmp_path / "out", to=["tflite"])
    (difference,) = caught.value.differences
    assert difference.startswith("model.tflite: prediction: ")
    assert difference.endswith("by up to 0.1. Leave out --to tflite, or allow more with --atol.")
    assert caught.value.report.status == "failed"
    assert caught.value.report.to_dict()["exports"][0]["status"] == "failed"
    assert not [*tmp_path.iterdir()]


@pytest.mark.tensorflow
def test_every_signature_without_a_form_is_listed(tmp_path, monkeypatch):
    def refuse(*_):
        raise exports._ConversionError("has no form")

    monkeypatch.setitem(exports._WRITERS, "tflite", refuse)
    both = {"a": (None, ["policy_output:0"]), "b": (None, ["value_output:0"])}
    with pytest.raises(compat_saver.CannotMigrateError) as caught:
        migrate("multi_head", tmp_path / "out", to=["tflite"], outputs=None, inputs=None, signatures=both, verify=False)
    assert caught.value.obstacles == tuple(
        f"{name}.tflite: signature '{name}' has no form. Leave out --to tflite." for name in "ab"
    )
    assert not [*tmp_path.iterdir()]


@pytest.mark.tensorflow
def test_the_command(tmp_path):
    chosen = case("1.15.5", "moving_average")
    done = CliRunner().invoke(main, ["migrate", str(chosen.prefix), str(tmp_path / "out"), "--to", "tflite", "--json"])
    assert done.exit_code == 0, done.output
    assert [item["file"] for item in json.loads(done.stdout)["exports"]] == ["model.tflite"]


def test_converters_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(exports.importlib.util, "find_spec", lambda name: None)
    chosen = case("1.15.5", "conv_batch_norm")
    message = r"--to onnx needs tf2onnx and onnxruntime, .*pip install 'compat-saver\[onnx\]'"
    with pytest.raises(compat_saver.UsageError, match=message):
        compat_saver.migrate(chosen.prefix, tmp_path / "out", to=["onnx"])


def test_a_keras_model_has_no_further_formats(tmp_path):
    with pytest.raises(compat_saver.UsageError, match="not for Keras models"):
        compat_saver.migrate("model.h5", tmp_path / "out.keras", to=["onnx"])


@pytest.mark.tensorflow
def test_an_interpreter_without_the_kernels_of_tensorflow():
    said = exports._failure(RuntimeError("Select TensorFlow op(s), included in the given model, is(are) not supported"))
    assert said.startswith("it needs kernels of TensorFlow (SELECT_TF_OPS), which the interpreter of ")
    assert exports._failure(RuntimeError("other")) == "other"


@pytest.mark.parametrize("formats", ["tflite", ["keras"], ["onnx", "onnx"]])
def test_formats_that_do_not_exist(formats):
    with pytest.raises(compat_saver.UsageError, match="expected a list of tflite and onnx, each at most once"):
        MigrationOptions(to=formats)


@pytest.mark.parametrize(
    ("array", "given", "expected"),
    [
        (np.array([1.0, -20.0, np.nan], np.float32), {}, (0.0, 20 * exports.OF_LARGEST)),
        (np.array([1.0, 2.0], np.float16), {}, (0.0, 0.02)),
        (np.array([3.0j]), {}, (0.0, 3 * exports.OF_LARGEST)),
        (np.array([7]), {}, (0.0, 0.0)),
        (np.array([7.0]), {"rtol": 0.5, "atol": 0.25}, (0.5, 0.25)),
    ],
)
def test_the_tolerance_is_a_part_of_the_largest_magnitude(array, given, expected):
    assert exports._tolerances(array, MigrationOptions(**given)) == pytest.approx(expected)


def test_strings_are_compared_as_bytes():
    found = exports._as_bytes(np.array([["a", b"\xff"]], object))
    assert found.tolist() == [[b"a", b"\xff"]]


def test_the_report_shows_them():
    made = exports.Export("model.onnx", "onnx", "serving_default", "opset 17", Comparison(0.25, False, ""))
    report = dataclasses.replace(make_report(), exports=(made,))
    assert "model.onnx" in migration_page(report, {})
    assert "opset 17" in as_text(render_migration(report), width=96)
