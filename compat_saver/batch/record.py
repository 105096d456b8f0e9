"""The record of a batch: a JSON Lines file that grows by a line per model, so that a batch can be resumed."""

from __future__ import annotations

import json
from pathlib import Path

from compat_saver.batch.outcome import ModelOutcome

RECORD = "batch.jsonl"
"""Its name in the directory of the outputs."""


def read_record(directory: Path) -> dict[str, ModelOutcome]:
    """Returns name -> outcome, of each model the last; a line that was cut short, as by a kill, does not count."""
    path, found = directory / RECORD, {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            outcome = ModelOutcome.of(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue
        found[outcome.name] = outcome
    return found


def add_to_record(directory: Path, outcome: ModelOutcome) -> None:
    """Appends a line; a line that was cut short before it is ended first."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / RECORD).open("ab+") as file:
        if file.tell():
            file.seek(-1, 2)
            file.write(b"" if file.read(1) == b"\n" else b"\n")
        file.write(json.dumps(outcome.to_dict(), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
