"""Running a model once, legacy or migrated, from the shell."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver as cs
from compat_saver.cli import main
from compat_saver.errors import SideEffectError
from compat_saver.saver.run_model import run_model
from tests.small_models import WEIGHTS, write_model

pytestmark = pytest.mark.tensorflow

X = [[1.0, 2.0], [3.0, 4.0]]
PREDICTION = (np.float32(X) @ WEIGHTS["w"] + WEIGHTS["b"]).tolist()
HOUSE_PRICES = Path(__file__).parents[2] / "legacy_examples" / "house_prices"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    source = write_model(folder / "run")
    cs.migrate(
        source,
        folder / "out",
        verify=False,
        signatures={"serving_default": (None, ["prediction"]), "inner": (None, ["product"])},
    )
    return {"legacy": source, "migrated": folder / "out"}


def shell(*arguments):
    return CliRunner().invoke(main, ["run", *map(str, arguments)])


@pytest.mark.parametrize("kind", ["legacy", "migrated"])
def test_values_and_files(models, kind, tmp_path):
    np.save(tmp_path / "x.npy", np.float64(X))
    np.savez(tmp_path / "all.npz", x=np.float64(X), y=1)
    for value in (json.dumps(X), tmp_path / "x.npy", tmp_path / "all.npz"):
        done = shell(models[kind], "--input", f"x={value}", "--json")
        assert done.exit_code == 0, done.output
        (found,) = json.loads(done.stdout)["outputs"]
        assert found == {"name": "prediction", "dtype": "float32", "shape": [2, 3], "values": PREDICTION}


def test_one_output_as_text(models):
    done = shell(models["legacy"], "--input", "x=[[0, 1]]", "--output", "product:0")
    assert done.stdout == "product:0: float32 [1, 3]\n[[3. 4. 5.]]\n"
    done = shell(models["migrated"], "--input", "x=[[0, 1]]", "--signature", "inner", "--output", "product")
    assert done.stdout == "product: float32 [1, 3]\n[[3. 4. 5.]]\n"


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("migrated", ["--input", "y=1"], "no input 'y'. It has: x (float32 (None, 2))"),
        ("migrated", [], "needs a value for 'x'"),
        ("migrated", ["--input", "x=[[1, 2]]", "--output", "z"], "no output 'z'"),
        ("migrated", ["--input", "x=[[1, 2]]", "--signature", "iner"], "no signature 'iner'; did you mean 'inner'"),
        ("migrated", ["--input", "x=[[1]]"], "expected float32 [?, 2], found int64 [1, 1]"),
        ("legacy", ["--input", "x=[[1]]"], "expected float32 [?, 2], found int64 [1, 1]"),
        ("legacy", [], "depend on placeholders that were not fed"),
        ("legacy", ["--input", "x=nothing.npy"], "expected an array of numpy"),
        ("legacy", ["--allow", "NoOp"], "no op of this name reaches outside"),
    ],
)
def test_what_is_wrong_is_said(models, kind, arguments, message):
    done = shell(models[kind], *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_an_array_that_a_file_does_not_have(models, tmp_path):
    np.savez(tmp_path / "all.npz", y=1)
    assert (
        "there is no array 'x' in it. It has: y." in shell(models["legacy"], "--input", f"x={tmp_path}/all.npz").stderr
    )


def test_training_mode_inputs_have_their_value_for_inference():
    known = np.load(HOUSE_PRICES / "predictions.npz")
    houses = {"houses": known["houses"]}
    np.testing.assert_allclose(run_model(HOUSE_PRICES / "run", houses)["price"], known["price"], rtol=1e-5)
    dropped = run_model(HOUSE_PRICES / "run", houses | {"keep_prob": 0.01})["price"]
    assert not np.allclose(dropped, known["price"], rtol=1e-5)


def test_nothing_reaches_outside_without_permission(tmp_path):
    (tmp_path / "secret").write_text("hello")
    text = "name = Placeholder[dtype=string, shape=[]]\ncontent = ReadFile(name)\n"
    source = write_model(tmp_path / "run", text, {}, ())
    feeds = {"name": str(tmp_path / "secret")}
    with pytest.raises(SideEffectError, match="ReadFile"):
        run_model(source, feeds, ["content"])
    assert run_model(source, feeds, ["content"], allow=["ReadFile"])["content"].item() == b"hello"


@pytest.mark.parametrize("name", ["cut.npz", "cut.npy"])
def test_a_damaged_file(models, tmp_path, name):
    whole = tmp_path / f"whole{name[3:]}"
    np.savez(whole, x=np.float64(X)) if name.endswith("z") else np.save(whole, np.float64(X))
    (tmp_path / name).write_bytes(whole.read_bytes()[:-20])
    done = shell(models["legacy"], "--input", f"x={tmp_path / name}")
    assert done.exit_code == 2
    assert name in done.stderr
