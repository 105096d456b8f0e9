"""Runs commands on damaged inputs of every kind, and lists what ended otherwise than with a message.

    python -m tests.faults.fuzz --seconds 3600 --kind yaml --kind npz

Each run is one command on one mutated file, in this process and without TensorFlow. A finding is an exit code other
than 0 to 3, a run of more than 10 seconds of the processor, or a peak of memory; it is printed with the seed that
repeats it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from click.testing import CliRunner

from compat_saver.cli import main
from compat_saver.proto.messages import GraphDef, MetaGraphDef, SavedModel
from tests.faults.messages import damaged
from tests.faults.mutation import mutated
from tests.golden_cases import case
from tests.small_models import write_model

SECONDS = 10
MEGABYTES = 2_000
_CODES = (0, 1, 2, 3)


class Kind(NamedTuple):
    """A kind of input.

    Attributes:
        make: writes the inputs into a directory and returns the file to damage.
        commands: what is run on it; {} stands for the directory.
        message: the class of the message in the file; its fields are damaged in every second run.
    """

    make: Callable[[Path], Path]
    commands: tuple[str, ...]
    message: Any = None


class Finding(NamedTuple):
    """A run that did not end as it should."""

    kind: str
    seed: int
    command: str
    what: str


def _golden(name: str, release: str, file: str) -> Callable[[Path], Path]:
    def make(directory: Path) -> Path:
        chosen = case(release, name)
        for path in chosen.directory.glob(f"{chosen.prefix.name}*"):
            shutil.copy(path, directory / path.name)
        return directory / f"{chosen.prefix.name}{file}"

    return make


def _text(directory: Path) -> Path:
    from google.protobuf import text_format

    binary = _golden("cond", "1.12.3", ".meta")(directory)
    message = MetaGraphDef.FromString(binary.read_bytes())
    binary.write_text(text_format.MessageToString(message))
    return binary


def _frozen(directory: Path) -> Path:
    meta = MetaGraphDef.FromString(_golden("gru_while", "1.12.3", ".meta")(directory).read_bytes())
    for path in directory.iterdir():
        path.unlink()
    (directory / "graph.pb").write_bytes(meta.graph_def.SerializeToString())
    return directory / "graph.pb"


def _saved_model(directory: Path) -> Path:
    message = SavedModel(saved_model_schema_version=1)
    meta = MetaGraphDef.FromString(_golden("embedding", "1.15.5", ".meta")(directory).read_bytes())
    meta.meta_info_def.tags.append("serve")
    message.meta_graphs.append(meta)
    for path in directory.iterdir():
        path.unlink()
    (directory / "saved_model.pb").write_bytes(message.SerializeToString())
    return directory / "saved_model.pb"


def _state(directory: Path) -> Path:
    _golden("dense_adam", "1.15.5", "")(directory)
    (directory / "checkpoint").write_text(
        'model_checkpoint_path: "model.ckpt"\nall_model_checkpoint_paths: "model.ckpt"\nlast_preserved_timestamp: 1.5\n'
    )
    return directory / "checkpoint"


def _yaml(directory: Path) -> Path:
    write_model(directory)
    (directory / "in.yaml").write_text(
        "signatures:\n  one: {inputs: [x], outputs: {score: 'prediction:0'}}\n  two:\n    outputs: [product]\n"
        "bind: {\"b:0\": [1.0, 2, yes]}\nrename:\n  one/score: 'points'\n# end\n"
    )
    return directory / "in.yaml"


def _npz(directory: Path) -> Path:
    write_model(directory)
    np.savez_compressed(directory / "in.npz", x=np.ones((3, 2), np.float32), other=np.array(["a", "bc"]))
    return directory / "in.npz"


_DRY = "migrate {} {}/out --dry-run"
_GRAPH = ("inspect {}", _DRY, "inspect {} --json", f"{_DRY} --init-missing")
_FILE = ("inspect {}/graph.pb", "migrate {}/graph.pb {}/out --dry-run")
_CHECKPOINT = ("checkpoint ls {}", "checkpoint verify {}", "checkpoint stats {}", _DRY)
KINDS = {
    "meta": Kind(_golden("dense_adam", "1.15.5", ".meta"), _GRAPH, MetaGraphDef),
    "meta-rnn": Kind(_golden("lstm_dynamic_rnn", "1.12.3", ".meta"), _GRAPH, MetaGraphDef),
    "meta-functions": Kind(_golden("function_library", "1.12.3", ".meta"), _GRAPH, MetaGraphDef),
    "meta-tables": Kind(_golden("lookup_files", "1.12.3", ".meta"), _GRAPH, MetaGraphDef),
    "meta-pipeline": Kind(_golden("pipeline_shuffle_batch", "1.12.3", ".meta"), _GRAPH, MetaGraphDef),
    "meta-training": Kind(_golden("conv_batch_norm", "1.12.3", ".meta"), _GRAPH, MetaGraphDef),
    "meta-text": Kind(_text, _GRAPH),
    "graph-def": Kind(_frozen, _FILE, GraphDef),
    "saved-model": Kind(_saved_model, _GRAPH, SavedModel),
    "index": Kind(_golden("partitioned", "1.12.3", ".index"), _CHECKPOINT),
    "data": Kind(_golden("dense_adam", "1.15.5", ".data-00000-of-00001"), _CHECKPOINT),
    "v1": Kind(_golden("v1_format", "1.12.3", ""), _CHECKPOINT),
    "state": Kind(_state, ("inspect {}", "checkpoint ls {}")),
    "yaml": Kind(_yaml, ("migrate {} {}/out --dry-run --signatures {}/in.yaml",)),
    "npz": Kind(
        _npz,
        (
            "migrate {} {}/out --dry-run --inputs x --outputs prediction --verify-data {}/in.npz",
            "checkpoint import {}/in.npz {}/../imported --overwrite",
        ),
    ),
}


def fuzz(name: str, seeds: Iterator[int] | range) -> Iterator[Finding | None]:
    """Runs one kind; yields what each run showed, None for a run that ended as it should."""
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as whole_folder:
        folder = f"{whole_folder}/model"
        Path(folder).mkdir()
        target = kind.make(Path(folder))
        whole = target.read_bytes()
        for seed in seeds:
            target.write_bytes(_damaged(kind, whole, seed))
            command = kind.commands[seed // 2 % len(kind.commands)]
            what = _run(command.replace("{}", folder))
            yield Finding(name, seed, command, what) if what else None


def _damaged(kind: Kind, whole: bytes, seed: int) -> bytes:
    if kind.message is None or seed % 2:
        return mutated(whole, seed)
    return damaged(kind.message.FromString(whole), seed)


def _run(command: str) -> str:
    """Runs a command; returns what is wrong with how it ended."""
    before = time.process_time()
    with _limited():
        found = CliRunner().invoke(main, ["--debug", *command.split()])
    if time.process_time() - before > SECONDS:
        return f"more than {SECONDS} seconds"
    if isinstance(found.exception, SystemExit | None):
        return "" if found.exit_code in _CODES else f"exit code {found.exit_code}: {found.output[-300:]}"
    return _where(found.exception)


def _where(error: BaseException) -> str:
    place = error.__traceback__
    lines = []
    while place is not None:
        lines.append(f"{os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}")
        place = place.tb_next
    return f"{type(error).__name__}: {str(error)[:200]} at {' '.join(lines[-4:])}"


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"{SECONDS * 10} seconds")

    kept = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS * 10)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)


def _report(chosen: list[str], seconds: float, start: int) -> int:
    count, findings, places = 0, 0, Counter[str]()
    for name in chosen:
        end = time.monotonic() + seconds / len(chosen)
        for found in fuzz(name, _until(end, start)):
            count += 1
            if found is None:
                continue
            findings += 1
            place = f"{found.kind}: {found.what.split(' at ')[-1]}"
            places[place] += 1
            if places[place] == 1:
                print(f"{found.kind} seed {found.seed}: {found.command}: {found.what}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count:,} mutations of {len(chosen)} kinds, {findings:,} findings at {len(places)} places, peak {peak} MB")
    return int(findings > 0 or peak > MEGABYTES)


def _until(end: float, start: int) -> Iterator[int]:
    seed = start
    while time.monotonic() < end:
        yield seed
        seed += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    asked = parser.parse_args()
    with contextlib.redirect_stderr(io.StringIO()):
        code = _report(asked.kind or list(KINDS), asked.seconds, asked.start)
    sys.exit(code)
