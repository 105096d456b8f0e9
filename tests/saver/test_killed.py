"""A process that is killed while it saves leaves a complete checkpoint, and a state file that leads to it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.bundle import open_bundle
from compat_saver.proto.checkpoint_state import read_checkpoint_state
from compat_saver.proto.meta_graph import read_meta_graph
from compat_saver.sources import find_checkpoint
from tests.saver import saving_process

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

KILLS = 12
LONGEST_SAVE = 0.04
V1, V2 = 1, 2
WAYS = {
    "numbered, one kept": {"numbered": True, "write_version": V2},
    "one prefix": {"numbered": False, "write_version": V2},
    "one prefix, sharded": {"numbered": False, "write_version": V2, "sharded": True},
    "one prefix, V1": {"numbered": False, "write_version": V1},
    "one prefix, V1, sharded": {"numbered": False, "write_version": V1, "sharded": True},
}

ROOT = Path(__file__).parent.parent.parent


class Server:
    """The process of `saving_process`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", saving_process.__name__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)

    def start(self, directory: Path, **told) -> int:
        """Starts a child and returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"directory": str(directory), "die_at": None, **told}) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        """Returns how the child ended: the signal that killed it, or 0."""
        status = int(self._line())
        assert status in (0, signal.SIGKILL), "the child failed"
        return status

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def saved(directory: Path) -> list[int]:
    """The numbers of the saves that returned."""
    file = directory.with_suffix(".done")
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def latest(directory: Path) -> int:
    """Checks what the state file leads to, and returns the number of its save."""
    found = find_checkpoint(Path(read_checkpoint_state(directory).model_checkpoint_path))
    assert found is not None
    assert not found.problems
    assert read_meta_graph(f"{found.stem}.meta").saver_def is not None
    with open_bundle(found.prefix) as checkpoint:
        checkpoint.verify()
        number = int(checkpoint["global_step"])
        for name in set(checkpoint) - {"global_step"}:
            np.testing.assert_array_equal(checkpoint[name], np.full_like(checkpoint[name], number), err_msg=name)
    return number


def save_and_kill(server: Server, directory: Path, chance: random.Random, **way) -> None:
    before = len(saved(directory))
    child = server.start(directory, **way)
    deadline = time.monotonic() + 60
    while len(saved(directory)) <= before:  # it has begun
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(chance.uniform(0, LONGEST_SAVE))
    os.kill(child, signal.SIGKILL)
    assert server.wait() == signal.SIGKILL


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_killed_at_any_moment(server, tmp_path, way):
    directory, chance = tmp_path / "run", random.Random(str(way))
    directory.mkdir()
    for _ in range(KILLS):
        save_and_kill(server, directory, chance, saver="compat_saver", **way)
        assert latest(directory) - saved(directory)[-1] in (0, 1)


@pytest.mark.parametrize("name", ["numbered, one kept", "one prefix", "one prefix, sharded"])
def test_killed_at_every_step_with_files(server, tmp_path, name):
    way = WAYS[name]
    directory, number = tmp_path / "run", 0
    directory.mkdir()
    server.start(directory, saver="compat_saver", **{**way, "die_at": 10_000})
    assert server.wait() == 0
    while True:
        done = latest(directory)
        server.start(directory, saver="compat_saver", **{**way, "die_at": number})
        if server.wait() == 0:
            break
        number += 1
        assert latest(directory) - done in (0, 1)
    assert number > (3 if way["numbered"] else 20)
    names = [path.name for path in directory.iterdir()]
    assert not [name for name in names if name.startswith("earlier-")], "the save that was not killed tidies up"


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if not way["numbered"]])
def test_second_names_leave_the_list_once_the_name_is_saved_again(server, tmp_path, name):
    way = {**WAYS[name], "saver": "compat_saver", "max_to_keep": 5, "die_at": 10_000}
    directory = tmp_path / "run"
    directory.mkdir()
    server.start(directory, **way)
    assert server.wait() == 0
    clean = set(directory.iterdir())
    for _ in range(4):
        server.start(directory, **way, saves=2, die_in=1)
        assert server.wait() == signal.SIGKILL
        assert Path(read_checkpoint_state(directory).model_checkpoint_path).name.startswith("earlier-")
    server.start(directory, **way, saves=5)
    assert server.wait() == 0
    state = read_checkpoint_state(directory)
    assert state.all_model_checkpoint_paths == (state.model_checkpoint_path,)
    assert set(directory.iterdir()) == clean
