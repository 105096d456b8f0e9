"""What `doctor` says of this Python."""

import configparser
import json
from importlib import metadata
from pathlib import Path

from click.testing import CliRunner

from compat_saver.cli import doctor, main

SETUP = configparser.ConfigParser()
SETUP.read(Path(__file__).parents[2] / "setup.cfg")


def run(monkeypatch, versions: dict[str, str], *flags: str) -> str:
    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(doctor.metadata, "version", version)
    done = CliRunner().invoke(main, ["doctor", *flags])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_nothing_is_installed(monkeypatch):
    found = json.loads(run(monkeypatch, {"compat-saver": "0.1.0"}, "--json"))
    assert found["versions"]["numpy"] is None
    assert {item["installed"] for item in found["extras"].values()} == {None}


def test_what_an_extra_enables_and_how_it_is_installed(monkeypatch):
    text = run(monkeypatch, {"compat-saver": "0.1.0", "tensorflow": "2.20.0"})
    assert "[tf-cpu]" in text
    assert "tensorflow 2.20.0" in text
    assert "[dask] is installed by: pip install 'compat-saver[dask]'" in text
    assert "[tf] " in text
    assert "[tf] is installed by" not in text


def test_an_extra_of_which_a_part_is_installed(monkeypatch):
    text = run(monkeypatch, {"tf2onnx": "1.17.0"})
    assert "[onnx] lacks onnxruntime; it is installed by: pip install 'compat-saver[onnx]'" in text
    found = json.loads(run(monkeypatch, {"tf2onnx": "1.17.0", "onnxruntime": "1.20.0"}, "--json"))
    assert found["extras"]["onnx"]["installed"] == "tf2onnx 1.17.0, onnxruntime 1.20.0"
    assert found["extras"]["onnx"]["problem"] == ""


def test_an_old_tensorflow(monkeypatch):
    text = run(monkeypatch, {"tensorflow": "2.15.1"})
    assert "[tf] TensorFlow 2.15.1 is too old: 2.16 or later is needed. pip install --upgrade tensorflow" in text


def test_it_knows_all_packages_and_extras():
    names = {line.partition(">")[0] for line in SETUP["options"]["install_requires"].split()}
    assert {*doctor._CORE} == names
    assert {*doctor._EXTRAS} == {*SETUP["options.extras_require"]} - {"test"}
