"""How many real artifacts migrate and verify, and how far the usual recipe comes with each: counted side by side.

    COMPAT_SAVER_CORPUS=FOLDER python benchmarks/corpus_count.py [--json]
    python benchmarks/corpus_count.py tests/golden/1.15.5

`compat-saver migrate` runs without flags. The recipe gets the names that we inferred, which is more than it would have.
Every artifact of both sides is a process of its own with a time limit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _artifacts import Outcome, find_artifacts, migrate
from rich import box
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
Row = dict[str, Any]
"""One artifact: its path, and the outcomes "ours" and "recipe"."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = os.environ.get("COMPAT_SAVER_CORPUS")
    parser.add_argument("folder", nargs="?", type=Path, default=folder, help="default: $COMPAT_SAVER_CORPUS")
    parser.add_argument("--match", default="", help="only artifacts whose path holds this")
    parser.add_argument("--seconds", type=int, default=300, help="time limit of each process")
    parser.add_argument("--jobs", type=int, default=1, help="artifacts at the same time")
    parser.add_argument("--json", action="store_true", help="every artifact's outcome on stdout, instead of tables")
    args = parser.parse_args()
    if args.folder is None:
        parser.error("name a folder, or set COMPAT_SAVER_CORPUS")
    paths = [path for path in find_artifacts(Path(args.folder)) if args.match in str(path)]
    with ThreadPoolExecutor(args.jobs) as pool:
        rows = list(pool.map(lambda path: count(path, args.seconds), paths))
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        show(rows, Console(highlight=False))


# ---- what to run


def count(path: Path, seconds: int) -> Row:
    with tempfile.TemporaryDirectory() as work:
        row: Row = {"artifact": str(path), "ours": _migrate(path, f"{work}/ours", seconds)}
        row["recipe"] = _child("_recipe_for_any.py", [str(path), f"{work}/recipe"], seconds)
        if row["ours"]["status"] == "verified":
            row["ours"] |= _child("_using.py", [str(path), f"{work}/ours"], seconds)
    # What is missing in a SavedModel shows only when it is read.
    row["recipe"]["opens"] = row["ours"]["opens"] = row["recipe"].get("opens", False) and row["ours"].get("opens", True)
    recipe = row["recipe"].get("error", "done")[:90].replace("\n", " ")
    print(f"{path}: {row['ours']['status']}; recipe: {recipe}", file=sys.stderr)
    return row


def _migrate(path: Path, output: str, seconds: int) -> Outcome:
    outcome = migrate(path, output, seconds)
    report = outcome.pop("report")
    if outcome["status"] == "verified":
        outcome |= {"saved": True, "equal": True, "needs": report["variables"]["kept"]}
    return outcome


def _child(script: str, arguments: Sequence[str], seconds: int) -> Outcome:
    """Returns what a script printed as JSON; a crash of its process is an outcome too."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(HERE / script), *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {seconds} s"}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": f"process ended with {done.returncode}: {done.stderr.strip()[-200:]}"}


# ---- what came of it


def show(rows: Sequence[Row], console: Console) -> None:
    console.print(_summary(rows))
    ours = [row["ours"] for row in rows if row["ours"]["status"] != "verified"]
    console.print(_reasons("Why migrate did not", (_reason(item) for item in ours)))
    stopped = [row["recipe"] for row in rows if "error" in row["recipe"]]
    console.print(_reasons("Where the recipe stopped", map(_stop, stopped)))


_STEPS = (
    ("opens: a graph of TF1, its weights at hand", lambda item: item.get("opens")),
    ("a SavedModel was written", lambda item: item.get("saved")),
    ("TensorFlow 2 loads it", lambda item: item.get("loads")),
    ("its outputs equal the session's", lambda item: item.get("equal")),
    ("it survives being loaded and saved again", lambda item: item.get("survives")),
)


def _summary(rows: Sequence[Row]) -> Table:
    table = Table(title=f"{len(rows)} artifacts", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for name in ("usual recipe", "compat-saver migrate"):
        table.add_column(name, justify="right")
    sides = [[row["recipe"] for row in rows], [row["ours"] for row in rows]]
    for name, test in _STEPS:
        table.add_row(name, *(str(sum(bool(test(item)) for item in side)) for side in sides))
    table.add_row("all its variables can be seen", *map(_all_visible, sides))
    table.add_row("variables seen, in all", *(f"{sum(item.get('variables', 0) for item in side):,}" for side in sides))
    table.add_row("of them trainable", *(f"{sum(item.get('trainable', 0) for item in side):,}" for side in sides))
    statuses = Counter(row["ours"]["status"] for row in rows)
    for status in ("obstructed", "unusable", "differs", "crashed", "timeout"):
        table.add_row(f"migrate: {status}", "", str(statuses[status]))
    return table


def _all_visible(side: Iterable[Outcome]) -> str:
    needing = [item for item in side if item.get("loads") and item.get("needs")]
    return f"{sum(item.get('variables', 0) >= item['needs'] for item in needing)} of {len(needing)}"


def _reasons(title: str, reasons: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for reason, number in Counter(reasons).most_common():
        table.add_row(str(number), reason)
    return table


def _reason(outcome: Outcome) -> str:
    return f"{outcome['status']}: {_kind(outcome['problems'][0] if outcome['problems'] else '')}"


def _stop(recipe: Outcome) -> str:
    step = next((name for name in ("opens", "restores", "saved", "loads", "survives") if not recipe.get(name)), "")
    text = recipe["error"]
    if step == "survives" and "uninitialized value" in text:
        return "its weights are gone once it is loaded and saved again"
    return f"{_FAILED[step]}: {_kind(text)}"


_FAILED = {
    "opens": "does not open",
    "restores": "does not import or restore",
    "saved": "is not saved",
    "loads": "is not loaded",
    "survives": "cannot be saved again",
}


def _kind(text: str) -> str:
    """Returns the first sentence of a message, with an ellipsis for all that differs from artifact to artifact."""
    text = re.sub(r"'[^']*'|(?<!\w)/\S+|\(\S+: ", "…", " ".join(text.split()))
    return re.split(r"(?<=[a-z…)])\. |; ", text)[0][:160]


if __name__ == "__main__":
    main()
