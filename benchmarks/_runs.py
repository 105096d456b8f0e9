"""Runs whole processes one after the other, in turns, and measures each."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One process: wall time and the largest memory it held."""

    seconds: float
    megabytes: float


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Runs a command to its end.

    Args:
        command: the command.
        environment: its variables; this process's by default.

    Raises:
        RuntimeError: it failed; the message is its stderr.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2000:])
    return Run(seconds, usage.ru_maxrss / 1000)


def in_turns(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Run]]:
    """Measures every command `rounds` times, A B A B ..., after one round that only warms the caches.

    Compiled bytecode is one of these caches. An installer compiles what it installs; a checkout, or an environment in
    which Python writes no bytecode, would compile this package again for every run, and TensorFlow never.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as bytecode:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for number in range(rounds + 1):
            for name, command in commands.items():
                run = measure(command, environment)
                if number:
                    runs[name].append(run)
    return runs


def calls_in_turns(
    first: Callable[[], object],
    second: Callable[[], object],
    rounds: int,
    before: Callable[[], object] = gc.collect,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[float], list[float]]:
    """Measures two calls in one process, in seconds, A B B A ..., after one round that only warms the caches.

    They change places because the second finds the disk busy. `before` is called before each, unmeasured.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        pairs = list(zip((first, second), seconds, strict=True))
        for call, found in pairs if number % 2 else reversed(pairs):
            before()
            start = clock()
            call()
            if number:
                found.append(clock() - start)
    return seconds


def median_seconds(runs: Sequence[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def median_megabytes(runs: Sequence[Run]) -> float:
    return statistics.median(run.megabytes for run in runs)
