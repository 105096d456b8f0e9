"""Many small models in one batch, against one process per model with the usual recipe.

    python benchmarks/batch.py [--models 200] [--jobs 2] [--rounds 3]

Seconds per model are those of the steady state: from a tenth of the models on. Processor seconds are those of the
workers; they do not depend on what else the machine does. In a second run every tenth model crashes its worker.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _runs import measure

import compat_saver as cs
from compat_saver.batch import Step
from compat_saver.isolation import used_memory

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "tests" / "golden" / "1.15.5" / "dense_adam"
NOTES = "COMPAT_SAVER_BENCHMARK_NOTES"


def note(name: str, report: object) -> None:
    """Writes down what the worker has used so far; called in the worker after each model."""
    del report
    found = {"pid": os.getpid(), "memory": used_memory(os.getpid()), "cpu": time.process_time(), "name": name}
    with open(os.environ[NOTES], "a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


def crash_every_tenth(name: str, report: object) -> None:
    """Ends the worker of every tenth model."""
    del report
    if name.startswith("m") and int(name.partition("__")[0][1:]) % 10 == 9:
        os.kill(os.getpid(), signal.SIGSEGV)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "models")
        for number in range(options.models):
            shutil.copytree(MODEL, root / f"m{number:03}" / "run")
        os.environ[NOTES] = str(Path(folder, "notes.jsonl"))
        steady(root, Path(folder, "out"), options.jobs)
        crashes(root, Path(folder, "crashed"), options.jobs)
        usual_recipe(Path(folder, "usual"), options.rounds)


def steady(root: Path, output: Path, jobs: int) -> None:
    ends: list[float] = []
    started: list[float] = []

    def end(step: Step) -> None:
        (ends if step.outcome else started).append(time.perf_counter())

    report = cs.migrate_many(root, output, jobs=jobs, after=note, progress=end, outputs=["prediction"])
    assert report.all_good, report.counts
    first = len(ends) // 10
    print(f"batch: {len(ends)} models, {(ends[-1] - ends[first]) / (len(ends) - 1 - first):.3f} s each")
    notes = [json.loads(line) for line in Path(os.environ[NOTES]).read_text().splitlines()]
    for pid in {item["pid"] for item in notes}:
        own = [item for item in notes if item["pid"] == pid]
        start = len(own) // 10
        cpu = (own[-1]["cpu"] - own[start]["cpu"]) / (len(own) - 1 - start)
        sizes = ", ".join(f"{own[i]['memory'] / 1e6:.0f}" for i in (0, start, len(own) // 2, len(own) - 1))
        print(f"  worker: {len(own)} models, {cpu:.3f} processor seconds each, MB of memory on the way: {sizes}")


def crashes(root: Path, output: Path, jobs: int) -> None:
    report = cs.migrate_many(root, output, jobs=jobs, after=crash_every_tenth, outputs=["prediction"])
    lost = [item.name for item in report if not item.is_good]
    print(f"crashes: {report.counts}; only every tenth is lost: {all(int(name[1:4]) % 10 == 9 for name in lost)}")


def usual_recipe(output: Path, rounds: int) -> None:
    recipe = str(Path(__file__).with_name("usual_recipe.py"))
    command = [sys.executable, recipe, str(MODEL / "model.ckpt"), str(output), "features:0", "prediction:0"]
    runs = [measure(command) for _ in range(rounds + 1)][1:]
    print(f"usual recipe, a process each: {statistics.median(run.seconds for run in runs):.2f} s")


if __name__ == "__main__":
    main()
