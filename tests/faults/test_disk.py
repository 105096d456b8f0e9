"""A disk that fills up at any byte: the path in the message, exit code 2, and nothing left behind."""

import contextlib
import os
import resource
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_saver.cli import main
from tests.small_models import write_model

COMMANDS = {
    "migrate": "migrate {}/run/model.ckpt {}/deep/out# --outputs prediction --no-verify",
    "convert": "checkpoint convert {}/run/model.ckpt {}/deep/out#",
    "cast": "checkpoint cast {}/run/model.ckpt {}/deep/out# float32=float16",
    "export npz": "checkpoint export {}/run/model.ckpt {}/out#.npz",
    "export safetensors": "checkpoint export {}/run/model.ckpt {}/out#.safetensors",
    "get": "checkpoint get {}/run/model.ckpt w --output {}/out#.npy",
}
STEPS = int(os.environ.get("FAULTS_STEPS", "12"))


@contextlib.contextmanager
def files_of_at_most(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def listed(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(name, tmp_path):
    write_model(tmp_path / "run")
    before = listed(tmp_path)
    command = COMMANDS[name].replace("{}", str(tmp_path))
    assert CliRunner().invoke(main, command.replace("#", "").split()).exit_code == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file() and str(path.relative_to(tmp_path)) not in before]
    largest = max(path.stat().st_size for path in written)
    for size in sorted({0, 1, largest - 1, *range(0, largest, max(largest // STEPS, 1))}):
        with files_of_at_most(size):
            found = CliRunner().invoke(main, command.replace("#", f"_{size}").split())
        assert (found.exit_code, found.stderr.count("\n")) == (2, 1), (size, found.output, found.exception)
        assert "File too large" in found.stderr
        assert f"'{tmp_path}" in found.stderr
        assert [path for path in listed(tmp_path) if f"_{size}" in path or "tempstate" in path] == []


def test_a_directory_that_cannot_be_written_to(tmp_path):
    write_model(tmp_path / "run")
    (tmp_path / "file").touch()
    for command in ("migrate {}/run/model.ckpt {}/file/out# --outputs prediction --no-verify", COMMANDS["convert"]):
        arguments = command.replace("deep", "file").replace("#", "").replace("{}", str(tmp_path)).split()
        found = CliRunner().invoke(main, arguments)
        assert (found.exit_code, found.stderr.count("\n")) == (2, 1), found.output
        assert f"{tmp_path / 'file'}" in found.stderr
