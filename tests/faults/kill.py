"""Kills and interrupts migrations at random moments, and looks at what they leave.

    python -m tests.faults.kill --runs 300 [--verify]

Every second run replaces an older model. After each run the output is whole: the old model, the new one, or, where
there was none, nothing; after the next run to the same output nothing else is beside it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.small_models import write_model

SECONDS = 30
# A shell starts jobs in the background with interrupts ignored.
MIGRATE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from compat_saver.__main__ import run
run()
"""
_STARTED = 0.25
"""The part of a run after which Python has started, and an interrupt is for the program."""


class Place:
    """A directory with a model and outputs of it.

    Args:
        directory: an empty one.
        verify: whether the migrations compare, which takes TensorFlow.
    """

    def __init__(self, directory: Path, *, verify: bool = False) -> None:
        self._directory, self._flags = directory, [] if verify else ["--no-verify"]
        (directory / "run").mkdir()
        self._source = write_model(directory / "run")
        started = time.monotonic()
        assert self._start(directory / "good").wait() == 0
        self.seconds = time.monotonic() - started
        self._good = _files(directory / "good")

    def run(self, number: int, seed: int) -> str:
        """Kills or interrupts one migration; returns what is wrong with how it ended, "" if nothing is."""
        draw = random.Random(seed)
        place = self._directory / str(number)
        place.mkdir()
        output = place / "out"
        if number % 2:
            shutil.copytree(self._directory / "good", output)
            (output / "old").touch()
        process = self._start(output)
        time.sleep(draw.uniform(_STARTED, 1.1) * self.seconds)
        process.send_signal(draw.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM)))
        try:
            error = process.communicate(timeout=SECONDS)[1].decode()
        except subprocess.TimeoutExpired:
            process.kill()
            return "it did not end"
        problems = [self._state(output, was_there=bool(number % 2))]
        if process.returncode not in (0, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT) or "Traceback" in error:
            problems.append(f"exit code {process.returncode}: {error[-300:]}")
        if process.returncode != -signal.SIGKILL:
            problems.append(_left_beside(output))
        assert self._start(output).wait() == 0
        problems += [_left_beside(output), self._state(output, was_there=True)]
        shutil.rmtree(place)
        return "; ".join(filter(None, problems))

    def _start(self, output: Path) -> subprocess.Popen[bytes]:
        command = ["migrate", str(self._source), str(output), "--outputs", "prediction", "--overwrite", *self._flags]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(
            [sys.executable, "-c", MIGRATE, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )

    def _state(self, output: Path, *, was_there: bool) -> str:
        if not output.exists():
            return "the old output is gone" if was_there else ""
        found = _files(output)
        found.pop("old", None)
        return "" if found.keys() == self._good.keys() else f"half an output: {sorted(found)}"


def _files(directory: Path) -> dict[str, int]:
    return {str(path.relative_to(directory)): path.stat().st_size for path in directory.rglob("*") if path.is_file()}


def _left_beside(output: Path) -> str:
    left = [path.name for path in output.parent.iterdir() if path != output]
    return f"left behind: {left}" if left else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--verify", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tested = Place(Path(folder), verify=asked.verify)
        results = Counter(tested.run(number, asked.start + number) for number in range(asked.runs))
    for problem, count in results.items():
        print(f"{count:,} runs: {problem or 'as it should be'}")
    sys.exit(int(set(results) != {""}))
