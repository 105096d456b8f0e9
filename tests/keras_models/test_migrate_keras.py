"""`migrate` for models of Keras: what is proven, refused and written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver import _tensorflow
from compat_saver.cli import main
from compat_saver.errors import UsageError
from compat_saver.keras_models import proof, running
from compat_saver.keras_models.architecture import ModelPlan
from compat_saver.keras_models.routing import parse_custom
from compat_saver.keras_models.written import WrittenModel
from compat_saver.migration.publish import refuse_existing
from tests.golden_cases import GOLDEN
from tests.keras_models.models import Golden, predict

h5py = pytest.importorskip("h5py")

KERAS = GOLDEN / "keras"


@pytest.fixture
def nested(tmp_path):
    return Golden(KERAS / "tf-2.8.4" / "nested.zip", tmp_path)


@pytest.fixture
def subclassed(tmp_path):
    return Golden(KERAS / "tf-2.8.4" / "subclassed.zip", tmp_path)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_original_is_run_by_keras_2_and_trained_a_step(nested, tmp_path):
    pytest.importorskip("tf_keras")
    command = [sys.executable, "-m", "compat_saver", "migrate", str(nested.path("hdf5")), "out.keras"]
    done = subprocess.run([*command, "--json", "--report", "page.html"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "every bit is equal" in (tmp_path / "page.html").read_text()
    report = json.loads(done.stdout)
    assert report["verification"]["status"] == "passed"
    assert report["verification"]["reference"] == "tf-keras"
    assert report["verification"]["training"]["train"]["variables"] < 1e-4
    assert report["compiled"] == {"optimizer": "SGD", "iterations": 2}
    assert [item["name"] for item in report["rewrites"]] == ["batch_input_shape"]
    assert compat_saver.verify(nested.path("hdf5"), tmp_path / "out.keras").status == "passed"


@pytest.fixture
def recorded_reference(nested, tmp_path, monkeypatch):
    """The predictions that Keras 2 recorded, instead of a process that computes them; and the inputs as a file."""
    pytest.importorskip("tf_keras")
    x, y = nested.listed("x")[0], nested.listed("y")[0]
    asked = []

    def run_reference(request, arrays, timeout):
        asked.append(request)
        np.testing.assert_array_equal(arrays["x0"], x)
        return {"y0": y}

    monkeypatch.setattr(proof, "run_reference", run_reference)
    monkeypatch.setattr(running, "run_reference", run_reference)
    (name,) = (item["config"]["name"] for item in model_config(nested)["layers"] if item["class_name"] == "InputLayer")
    np.savez(tmp_path / "x.npz", **{name: x})
    return asked


def model_config(golden):
    with h5py.File(golden.path("hdf5")) as file:
        return json.loads(file.attrs["model_config"])["config"]


@pytest.mark.tensorflow
def test_verify_once_more(nested, recorded_reference, tmp_path):
    keras = pytest.importorskip("keras")
    source, out, data = nested.path("hdf5"), tmp_path / "out.keras", tmp_path / "x.npz"
    compat_saver.migrate(source, out, verify=False)
    assert compat_saver.verify(source, out, verify_data=data).status == "passed"
    assert recorded_reference[0]["path"] == str(source)
    model = keras.models.load_model(out)
    model.weights[-1].assign(model.weights[-1] + 1)
    model.save(out)
    with pytest.raises(compat_saver.VerificationError, match="Verification failed"):
        compat_saver.verify(source, out, verify_data=data)
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(out)
    with pytest.raises(compat_saver.UsageError, match="was not made of this source"):
        compat_saver.verify(source, out, verify_data=data)
    out.write_text("no file of Keras")
    with pytest.raises(compat_saver.ArtifactError, match="Keras does not open it"):
        compat_saver.verify(source, out, verify_data=data)
    with pytest.raises(compat_saver.ArtifactError, match="nothing is there"):
        compat_saver.verify(source, tmp_path / "none.keras", verify_data=data)


@pytest.mark.tensorflow
def test_run_by_the_keras_that_wrote_a_file(nested, recorded_reference, tmp_path):
    pytest.importorskip("keras")
    source, out, data = nested.path("hdf5"), tmp_path / "out.keras", tmp_path / "x.npz"
    compat_saver.migrate(source, out, verify=False)
    with np.load(data) as arrays:
        (name,) = arrays
    for path in (source, out):  # of Keras 2, and of Keras 3
        given = CliRunner().invoke(main, ["run", str(path), "--input", f"{name}={data}", "--json"])
        (output,) = json.loads(given.output)["outputs"]
        np.testing.assert_allclose(output["values"], nested.listed("y")[0], rtol=1e-5, atol=1e-6)
    assert len(recorded_reference) == 1
    given = CliRunner().invoke(main, ["run", str(out), "--input", f"{name}=[[1, 2]]"])
    assert f"'{name}': expected float32 [?, 4], found int64 [1, 2]" in given.output
    given = CliRunner().invoke(main, ["run", str(out)])
    assert f"needs a value for '{name}'" in given.output
    given = CliRunner().invoke(main, ["run", str(out), "--input", "x=1"])
    assert "no input 'x'" in given.output
    given = CliRunner().invoke(main, ["run", str(out), "--input", f"{name}={data}", "--output", "y"])
    assert "no output 'y'" in given.output


def whole_model(path, layers, ends):
    """Writes an HDF5 file of Keras 2 with layers that have no weights, but for an embedding of ones."""
    config = {"name": "a/model", "layers": layers, **ends}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.8.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [np.bytes_(layer["name"]) for layer in layers]
        for layer in layers:
            group = weights.create_group(layer["name"])
            group.attrs["weight_names"] = [b"embeddings:0"] if layer["class_name"] == "Embedding" else []
            if layer["class_name"] == "Embedding":
                group["embeddings:0"] = np.ones((5, 3), "float32")
    return path


@pytest.mark.tensorflow
def test_names_that_keras_3_has_or_refuses(tmp_path):
    keras = pytest.importorskip("keras")

    def layer(class_name, name, nodes, **config):
        return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}

    layers = [
        layer("InputLayer", "in/put", [], batch_input_shape=[None, 4], dtype="float32"),
        layer("Embedding", "words", [[["in/put", 0, 0, {}]]], input_dim=5, output_dim=3, mask_zero=True),
        layer("Concatenate", "concatenate", [[["words", 0, 0, {}], ["words", 0, 0, {}]]]),
        layer("TFOpLambda", "tf.math.add", [["concatenate", 0, 0, {"y": 1.0}]], function="math.add"),
        layer("Add", "add_1", [[["tf.math.add", 0, 0, {}], ["concatenate", 0, 0, {}]]]),
    ]
    ends = {"input_layers": [["in/put", 0, 0]], "output_layers": [["add_1", 0, 0]]}
    keras.backend.clear_session()
    source, out = whole_model(tmp_path / "model.h5", layers, ends), tmp_path / "out.keras"
    report = compat_saver.migrate(source, out, verify=False)
    assert ("in/put", "name") in [(change.layer, change.name) for change in report.changes]
    model = keras.models.load_model(out)
    assert (model.name, model.inputs[0].name) == ("a_model", "in_put")
    assert (predict(model, [np.zeros((2, 4), "float32")])[0] == 3.0).all()


def test_an_output_of_the_old_form(nested, tmp_path):
    with pytest.raises(UsageError, match=r"Name \S+new\.keras, or a directory"):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "new.h5", verify=False)


def test_a_file_of_keras_3_needs_no_migration(nested, tmp_path):
    with h5py.File(nested.path("hdf5"), "r+") as file:
        file.attrs["keras_version"] = "3.5.0"
        file["model_weights"].attrs["keras_version"] = "3.5.0"
    with pytest.raises(UsageError, match=r"Keras 3\.5\.0 wrote it"):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "new.keras", verify=False)


@pytest.mark.tensorflow
def test_a_saved_model_of_layers(nested, tmp_path):
    keras = pytest.importorskip("keras")
    compat_saver.migrate(nested.path("saved_model"), tmp_path / "out.keras", verify=False)
    found = predict(keras.models.load_model(tmp_path / "out.keras"), nested.listed("x"))
    np.testing.assert_allclose(found, nested.listed("y"), rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow
def test_a_written_file_is_loaded_by_a_relative_path(nested, tmp_path, monkeypatch):
    keras = pytest.importorskip("keras")
    compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify=False)
    monkeypatch.chdir(tmp_path)
    (found,) = WrittenModel(keras, Path("out.keras"), {}, ModelPlan("m", ())).predict(nested.listed("x"))
    np.testing.assert_allclose(found, nested.listed("y")[0], rtol=1e-5, atol=1e-6)


def test_without_keras_2_nothing_is_proven(nested, tmp_path, monkeypatch):
    monkeypatch.setattr(_tensorflow, "has_tf_keras", lambda: False)
    monkeypatch.setattr(_tensorflow, "keras", lambda: None)
    with pytest.raises(compat_saver.UsageError, match="--no-verify"):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras")
    assert not (tmp_path / "out.keras").exists()


@pytest.mark.tensorflow
def test_a_saved_model_of_a_subclassed_model_becomes_one_that_trains(subclassed, tmp_path):
    tf = pytest.importorskip("tensorflow")
    compat_saver.migrate(subclassed.path("saved_model"), tmp_path / "out", verify=False)
    model = tf.saved_model.load(tmp_path / "out")
    (found,) = model.signatures["serving_default"](tf.constant(subclassed.listed("x")[0])).values()
    np.testing.assert_allclose(found, subclassed.listed("y")[0], rtol=1e-5, atol=1e-6)
    assert len(model.trainable_variables) == 4


def test_a_subclassed_model_has_no_layers(subclassed, tmp_path):
    with pytest.raises(compat_saver.CannotMigrateError, match="name a directory as OUT"):
        compat_saver.migrate(subclassed.path("saved_model"), tmp_path / "out.keras")


@pytest.mark.tensorflow
def test_a_keras_file_without_the_state_of_its_optimizer(tmp_path):
    pytest.importorskip("keras")
    golden = Golden(KERAS / "tf-2.15.1" / "legacy_adam.zip", tmp_path)
    report = compat_saver.migrate(golden.path("keras"), tmp_path / "out.keras", verify=False)
    assert report.iterations is None
    assert "no state of a legacy optimizer" in report.warnings[0]


@pytest.mark.tensorflow
def test_weights_alone_take_an_architecture(nested, tmp_path):
    keras = pytest.importorskip("keras")
    with h5py.File(nested.path("hdf5"), "r+") as file:
        (tmp_path / "model.json").write_text(file.attrs["model_config"])
        del file.attrs["model_config"], file.attrs["training_config"]
    with pytest.raises(compat_saver.UsageError, match="--architecture"):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify=False)
    architecture = tmp_path / "model.json"
    compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", architecture=architecture, verify=False)
    (found,) = predict(keras.models.load_model(tmp_path / "out.keras"), nested.listed("x"))
    np.testing.assert_allclose(found, nested.listed("y")[0], rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow
def test_a_lambda_takes_a_given_layer(nested, tmp_path):
    keras = pytest.importorskip("keras")
    with h5py.File(nested.path("hdf5"), "r+") as file:
        config = json.loads(file.attrs["model_config"])
        (last,) = config["config"]["layers"][-1:]
        added = {"name": "double", "function": ["never run", None, None], "function_type": "lambda"}
        node = [[[last["name"], 0, 0, {}]]]
        layer = {"class_name": "Lambda", "name": "double", "config": added, "inbound_nodes": node}
        config["config"]["layers"].append(layer)
        config["config"]["output_layers"] = [["double", 0, 0]]
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(compat_saver.CannotMigrateError, match="custom-objects double="):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify=False)
    given = {"double": keras.layers.Rescaling(2.0, name="double")}
    compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify=False, custom_objects=given)
    (found,) = predict(keras.models.load_model(tmp_path / "out.keras"), nested.listed("x"))
    np.testing.assert_allclose(found, 2 * nested.listed("y")[0], rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow
def test_a_given_activation_is_found_by_its_name(nested, tmp_path):
    keras = pytest.importorskip("keras")
    with h5py.File(nested.path("hdf5"), "r+") as file:
        config = file.attrs["model_config"]
        file.attrs["model_config"] = config.replace('"activation": "relu"', '"activation": "wavy"')
    given = {"wavy": keras.ops.relu}
    compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify=False, custom_objects=given)
    (found,) = predict(keras.models.load_model(tmp_path / "out.keras", custom_objects=given), nested.listed("x"))
    np.testing.assert_allclose(found, nested.listed("y")[0], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_file_opens_with_jax(tmp_path):
    pytest.importorskip("jax")
    golden = Golden(KERAS / "tf-1.15.5" / "bidirectional.zip", tmp_path)
    compat_saver.migrate(golden.path("hdf5"), tmp_path / "out.keras", verify=False)
    np.save(tmp_path / "x.npy", golden.listed("x")[0])
    script = (
        "import keras, numpy as np; assert keras.backend.backend() == 'jax'\n"
        "np.save('y.npy', np.asarray(keras.models.load_model('out.keras')(np.load('x.npy'))))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env={"KERAS_BACKEND": "jax"}, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), golden.listed("y")[0], rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("members", [{"x": np.zeros(3)}, None], ids=["another name", "damaged"])
def test_inputs_that_do_not_fit_are_refused(nested, tmp_path, members, monkeypatch):
    monkeypatch.setattr(_tensorflow, "has_tf_keras", lambda: True)
    file = tmp_path / "in.npz"
    np.savez(file, **members or {"x": np.zeros(3)})
    file.write_bytes(file.read_bytes() if members else file.read_bytes()[:-20])
    with pytest.raises(compat_saver.UsageError, match=r"in\.npz"):
        compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", verify_data=file)
    assert not (tmp_path / "out.keras").exists()


def test_a_dry_run_needs_no_keras(nested, tmp_path):
    report = compat_saver.migrate(nested.path("hdf5"), tmp_path / "out.keras", dry_run=True)
    assert report.status == "planned"
    found = report.to_dict()
    assert (found["variables"]["kept"], found["variables"]["trainable"]) == (12, 8)
    (end,) = found["signatures"]["serving_default"]["inputs"].values()
    assert (end["dtype"], end["shape"]) == ("float32", [None, 4])
    assert list(found["signatures"]["serving_default"]["outputs"]) == ["dense_2"]


@pytest.mark.parametrize(("form", "trainable"), [("hdf5", 22), ("keras", 22)])
def test_a_dry_run_counts_what_is_trained(tmp_path, form, trainable):
    golden = Golden(KERAS / "tf-2.15.1" / "residual.zip", tmp_path)
    report = compat_saver.migrate(golden.path(form), tmp_path / "out.keras", dry_run=True)
    assert (report.kept, report.trainable) == (32, trainable)


def test_only_a_keras_file_is_overwritten(nested, tmp_path):
    (tmp_path / "out.keras").write_text("something else")
    with pytest.raises(compat_saver.OutputExistsError, match=r"no SavedModel or \.keras file"):
        refuse_existing(tmp_path / "out.keras", overwrite=True)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("mine:Layer", ("Layer", "mine:Layer")), ("double=mine:twice", ("double", "mine:twice"))],
)
def test_custom_objects(argument, expected):
    assert parse_custom(argument) == expected


@pytest.mark.parametrize("argument", ["mine", "mine:", ":Layer", "a=b"])
def test_custom_objects_of_another_form(argument):
    with pytest.raises(compat_saver.UsageError, match="MODULE:NAME"):
        parse_custom(argument)


def test_an_option_that_keras_does_not_store(tmp_path, monkeypatch):
    kind = _tensorflow.tensorflow().keras.layers.Conv2DTranspose
    stored = kind.get_config

    def without(layer):
        return {key: value for key, value in stored(layer).items() if key != "output_padding"}

    monkeypatch.setattr(kind, "get_config", without)
    golden = Golden(GOLDEN / "keras" / "keras-1.2.2" / "conv.zip", tmp_path)
    with pytest.raises(compat_saver.CannotMigrateError, match="does not store its output_padding"):
        compat_saver.migrate(golden.path("hdf5"), tmp_path / "out.keras", verify=False)
