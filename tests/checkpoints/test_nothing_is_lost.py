"""What a failure or an odd input must not do to what is there."""

import os

import numpy as np
import pytest
from click.testing import CliRunner

from compat_saver import checkpoints
from compat_saver.bundle import BundleWriter, open_bundle
from compat_saver.cli import main
from compat_saver.errors import OutputExistsError, UsageError


def write(prefix, **tensors):
    with BundleWriter(prefix) as writer:
        for name, array in tensors.items():
            writer.add(name, array)
    return prefix


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "x", a=np.arange(6.0), b=np.float32([1, 2]))


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_name_taken_by_a_directory_leaves_the_old_checkpoint_alone(source, tmp_path):
    (tmp_path / "x.data-00001-of-00002").mkdir()
    before = content(tmp_path)
    with pytest.raises(OutputExistsError, match="is a directory"):
        checkpoints.convert(source, source, shards=2, overwrite=True)
    assert content(tmp_path) == before


@pytest.mark.parametrize("failing", range(5))
def test_an_interruption_at_any_rename_leaves_the_old_checkpoint_whole(source, tmp_path, monkeypatch, failing):
    before, replace, calls = content(tmp_path), os.replace, []

    def interrupted(old, new):
        calls.append(new)
        if len(calls) == failing + 1:
            raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr(os, "replace", interrupted)
    try:
        checkpoints.cast(source, source, {"float64": "float32"}, overwrite=True)
    except KeyboardInterrupt:
        assert content(tmp_path) == before
    else:
        assert open_bundle(source)["a"].dtype == np.float32
        assert sorted(content(tmp_path)) == sorted(before)


def test_a_file_alone_is_replaced_in_one_step(source, tmp_path, monkeypatch):
    checkpoints.export(source, tmp_path / "x.npz")
    before = content(tmp_path)

    def interrupted(old, new):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.export(source, tmp_path / "x.npz", overwrite=True)
    assert content(tmp_path) == before


def test_the_name_that_safetensors_keeps_is_refused(tmp_path):
    odd = write(tmp_path / "odd", __metadata__=np.float32([1]), w=np.float32([2]))
    with pytest.raises(UsageError, match="'__metadata__'"):
        checkpoints.export(odd, tmp_path / "odd.safetensors")
    checkpoints.export(odd, tmp_path / "odd.safetensors", skip_unsupported=True)


def test_the_mean_of_finite_numbers_is_finite(tmp_path):
    sources = [write(tmp_path / name, x=np.array([1.7e308])) for name in "ab"]
    checkpoints.average(sources, tmp_path / "mean")
    assert open_bundle(tmp_path / "mean")["x"].tolist() == [1.7e308]


def test_a_yaml_map_that_repeats_a_name_is_refused(tmp_path):
    (tmp_path / "map.yaml").write_text("a: b\na: c\n")
    with pytest.raises(UsageError, match="'a' is given more than once"):
        checkpoints.read_map(tmp_path / "map.yaml")


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "[" * 5_000])
def test_a_map_without_end_is_refused(tmp_path, text):
    (tmp_path / "map").write_text(text)
    with pytest.raises(UsageError):
        checkpoints.read_map(tmp_path / "map")


@pytest.mark.parametrize("rtol", [float("nan"), float("inf")])
def test_a_tolerance_must_be_finite(source, rtol):
    with pytest.raises(UsageError, match="finite"):
        checkpoints.diff(source, source, rtol=rtol)


@pytest.mark.parametrize("command", [["ls", ""], ["verify", ""], ["diff", "", ""]])
def test_an_empty_source_is_no_traceback(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["checkpoint", *command])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code in (1, 2)
    assert "Error: " in result.stderr or "expected" in result.output
