"""The k-th file operation fails, k = 1, 2, ...: exit code 2, one line, and everything is as it was before."""

import errno
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from compat_saver.cli import main
from compat_saver.migration import staging
from tests.small_models import write_model

COMMANDS = {
    "migrate": "migrate {}/run/model.ckpt {}/deep/out --outputs prediction --no-verify",
    "migrate over an older one": "migrate {}/run/model.ckpt {}/old --outputs prediction --no-verify --overwrite",
    "convert": "checkpoint convert {}/run/model.ckpt {}/deep/out",
    "convert over an older one": "checkpoint convert {}/run/model.ckpt {}/again/model.ckpt --overwrite",
    "cast": "checkpoint cast {}/run/model.ckpt {}/deep/out float32=float16",
    "export npz": "checkpoint export {}/run/model.ckpt {}/out.npz",
    "export safetensors": "checkpoint export {}/run/model.ckpt {}/out.safetensors",
    "get": "checkpoint get {}/run/model.ckpt w --output {}/out.npy",
}
_CHANGING = ("os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Disk:
    """Counts the operations that make or rename files below a directory, and lets one fail.

    Python reports each to an audit hook before it happens. A hook stays until the process ends.

    Attributes:
        count: the operations so far.
        failing: the number of the one that fails; 0 for none.
    """

    def __init__(self) -> None:
        self.below, self.count, self.failing = "", 0, 0
        sys.addaudithook(self._hook)

    def start(self, below: Path, failing: int) -> None:
        """Counts from 1 again."""
        self.below, self.count, self.failing = str(below), 0, failing

    def stop(self) -> None:
        """Lets everything happen."""
        self.below = ""

    def _hook(self, event: str, arguments: tuple) -> None:
        if not self.below or not (event in _CHANGING or (event == "open" and arguments[2] & _WRITING)):
            return
        path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        if path.startswith(self.below) and not (event == "os.mkdir" and os.path.isdir(path)):
            self.count += 1
            if self.count == self.failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@pytest.fixture(scope="module")
def disk():
    made = Disk()
    yield made
    made.stop()


def contents(directory: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(directory.rglob("*"))}


def run(command: str, directory: Path):
    return CliRunner().invoke(main, command.replace("{}", str(directory)).split())


def test_a_system_that_cannot_exchange_two_names(disk, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "_exchange", lambda one, other: False)
    test_every_operation_that_fails("migrate over an older one", disk, tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_operation_that_fails(name, disk, tmp_path):
    write_model(tmp_path / "run")
    write_model(tmp_path / "again")
    assert run(COMMANDS["migrate"].replace("deep/out", "old"), tmp_path).exit_code == 0
    before = contents(tmp_path)
    for number in range(1, 1000):
        disk.start(tmp_path, number)
        try:
            found = run(COMMANDS[name], tmp_path)
        finally:
            disk.stop()
        if disk.count < number:
            assert found.exit_code == 0, found.output
            break
        assert (found.exit_code, found.stderr.count("\n")) == (2, 1), (number, found.output, found.exception)
        assert "No space left on device" in found.stderr
        assert contents(tmp_path) == before, number
    assert number > 2
