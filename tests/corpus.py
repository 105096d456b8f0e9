"""What `migrate` without a flag makes of every golden model and of every real artifact: writes tests/corpus.md.

    COMPAT_SAVER_CORPUS=FOLDER python -m tests.corpus [--match TEXT]

Every artifact is a process of its own with a time limit; a crash is a row. What a golden case serves, its author says
in case.json. What a person who knows TF1 would serve of a real artifact is kept by hand in corpus_judged.json, from
reading its graph; it is compared with what was proposed, and never shown to the program.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from benchmarks._artifacts import compat_saver, find_artifacts, migrate
from compat_saver import read_meta_graph
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.graph import Value, from_graph_def
from tests.golden_cases import Case, served_cases

HERE = Path(__file__).parent
JUDGED = HERE / "corpus_judged.json"
TABLE = HERE / "corpus.md"
WITHOUT = "nothing to migrate"
_NO_WEIGHTS = "the source is a graph without a checkpoint"
_INFERRED = "No output was specified"
_MOST_NAMES = 6


@dataclass(frozen=True)
class Wanted:
    """What a person would serve.

    Attributes:
        heads: the model's answers, each with all tensors that give it: probabilities, and the logits before them.
        inputs: each of these tensors -> the inputs that it needs; the bound ones are none.
    """

    heads: tuple[frozenset[str], ...]
    inputs: Mapping[str, frozenset[str]]

    def is_met_by(self, inputs: Collection[str], outputs: Collection[str]) -> bool:
        """Whether all heads are served, and nothing that belongs to none, from just the inputs that they need."""
        if not self.inputs.keys() >= set(outputs) or any(head.isdisjoint(outputs) for head in self.heads):
            return False
        return set(inputs) == frozenset().union(*(self.inputs[name] for name in outputs))


@dataclass(frozen=True)
class Row:
    """One artifact.

    Attributes:
        name: what it is called in the table.
        inputs: tensor names of the proposal, over all signatures.
        outputs: likewise; of what failed, what `inspect` proposes first.
        bound: "tensor = value".
        status: how `migrate` ended.
        told: the reason why not, or how inputs were guessed.
        right: "yes" or "**no**" for a proposal, held against what a person would serve; "its own" for a signature
            that the file itself has; "" if nobody judged.
        behavior: what was turned from training to inference, and what was left, each kind with its count.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    bound: tuple[str, ...]
    status: str
    told: str
    right: str = ""
    behavior: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--match", default="", help="only artifacts whose path holds this, and to stdout")
    parser.add_argument("--seconds", type=int, default=300, help="time limit of each process")
    parser.add_argument("--jobs", type=int, default=1, help="artifacts at the same time")
    args = parser.parse_args()
    if "COMPAT_SAVER_CORPUS" not in os.environ:
        parser.error("set COMPAT_SAVER_CORPUS to the folder of the artifacts")
    folder = Path(os.environ["COMPAT_SAVER_CORPUS"])
    judged = json.loads(JUDGED.read_text(encoding="utf-8"))
    golden = {case.prefix: (f"{case.name}, {case.directory.parent.name}", _of_case(case)) for case in served_cases()}
    real = {path: (name := str(path.relative_to(folder)), _of_judge(judged, name)) for path in find_artifacts(folder)}

    with ThreadPoolExecutor(args.jobs) as pool:
        parts = [
            [
                pool.submit(look_at, path, name, wanted, args.seconds)
                for path, (name, wanted) in part.items()
                if args.match in str(path)
            ]
            for part in (real, golden)
        ]
        text = page(*([future.result() for future in part] for part in parts))
    if args.match:
        print(text)
    else:
        TABLE.write_text(text, encoding="utf-8")


def _of_case(case: Case) -> Wanted:
    """Returns what a case asks for; its outputs are as often several views of one answer as several answers."""
    graph = from_graph_def(read_meta_graph(case.prefix.with_name(f"{case.prefix.name}.meta")).graph_def)
    inputs = {graph.value(name): name for name in case.facts["inputs"]}
    answers = {value: None for name in case.facts["outputs"] for value in _with_logits(graph.value(name))}
    needed = {}
    for answer in answers:
        nodes = needed_from([answer], inputs)
        needed[answer.name] = frozenset(
            name for value, name in inputs.items() if value == answer or any(use.node in nodes for use in value.uses)
        )
    return Wanted((frozenset(needed),), needed)


def _with_logits(answer: Value) -> Iterator[Value]:
    yield answer
    head = origin(answer, ("Identity", "Reshape")).node
    if head.op in ("Softmax", "LogSoftmax", "Sigmoid", "ArgMax"):
        yield head.inputs[0]
        yield origin(head.inputs[0], ("Identity", "Reshape"))


def _of_judge(judged: Mapping[str, Any], name: str) -> Wanted | None:
    found = judged.get(name)
    if found is None:
        return None
    inputs = frozenset(found["inputs"])
    return Wanted(tuple(map(frozenset, found["heads"])), {tensor: inputs for head in found["heads"] for tensor in head})


# ---- one artifact


def look_at(path: Path, name: str, wanted: Wanted | None, seconds: int) -> Row:
    """Migrates one artifact, into a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory() as work:
        outcome = migrate(path, f"{work}/model", seconds)
        hidden = (f"{path.parent}/", f"{path.parents[len(Path(name).parts) - 1]}/", f"{work}/")
    outcome["problems"] = [_without(hidden, problem) for problem in outcome["problems"]]
    if not outcome["opens"] or any(_NO_WEIGHTS in problem for problem in outcome["problems"]):
        row = Row(name, (), (), (), WITHOUT, _shortened(outcome["problems"]))
    elif "signatures" in outcome["report"]:
        row = _of_report(name, outcome, wanted)
    else:
        row = Row(name, *_inspected(path, seconds), (), outcome["status"], _shortened(outcome["problems"]))
    print(f"{row.name}: {row.status}", file=sys.stderr, flush=True)
    return row


def _of_report(name: str, outcome: Mapping[str, Any], wanted: Wanted | None) -> Row:
    report = outcome["report"]
    signatures = [signature for _, signature in sorted(report["signatures"].items())]
    inputs, outputs = (_tensors(item[kind] for item in signatures) for kind in ("inputs", "outputs"))
    bound = {f"{tensor} = {value}": None for item in signatures for tensor, value in item["bound"].items()}
    told = _shortened(outcome["problems"]) if outcome["status"] != "verified" else _guesses(report)
    right = "" if wanted is None else "yes" if wanted.is_met_by(inputs, outputs) else "**no**"
    if not any(warning.startswith(_INFERRED) for warning in report["warnings"]):
        right = "its own"
    return Row(name, inputs, outputs, tuple(bound), outcome["status"], told, right, _behavior(report))


def _behavior(report: Mapping[str, Any]) -> str:
    """Returns "3 dropout -> identity, 2 batch norm kept"."""
    findings = report.get("training_behavior", ())  # Keras models of Keras files have none
    counts = Counter(f"{item['what']} {'-> ' + item['became'] if item['became'] else 'kept'}" for item in findings)
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _guesses(report: Mapping[str, Any]) -> str:
    """Returns how inputs were made up, those together that were made up alike."""
    alike: dict[str, dict[str, None]] = {}
    for guesses in report["verification"].get("guesses", {}).values():  # a Keras model has none
        for key, how in guesses.items():
            alike.setdefault(how, {})[key] = None
    return " ".join(f"{_listed(keys)}: {how}." for how, keys in alike.items())


def _tensors(parts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item["tensor"] for part in parts for item in part.values()))


def _inspected(path: Path, seconds: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the placeholders and the first proposal of what could not be migrated."""
    try:
        found = json.loads(compat_saver(["inspect", str(path)], seconds).stdout)
    except (ValueError, TimeoutExpired):
        return (), ()
    inputs = tuple(item["tensor"] for item in found.get("placeholders", ()))
    return inputs, tuple(item["tensor"] for item in found.get("outputs", ())[:1])


def _without(paths: Iterable[str], text: str) -> str:
    for path in paths:
        text = text.replace(path, "")
    return " ".join(text.split())


def _shortened(problems: Sequence[str]) -> str:
    more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return f"{problems[0]}{more}" if problems else ""


def _listed(names: Collection[str]) -> str:
    shown = list(names)[:_MOST_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more


# ---- the page


def page(real: Sequence[Row], golden: Sequence[Row]) -> str:
    """Returns the whole of corpus.md."""
    with_weights = [row for row in real if row.status != WITHOUT]
    without = [row for row in real if row.status == WITHOUT]
    return "\n".join(
        [
            "# What `migrate` proposes when nobody says anything",
            "",
            "Written by `python -m tests.corpus`; do not edit. "
            '"Right" compares the proposal with what a person would serve: a golden case says so itself, for a real '
            "artifact it is kept in `corpus_judged.json`. What has a signature of its own is served by that.",
            "",
            *_totals({"real artifacts": with_weights, "golden models": golden}),
            "",
            f"## {len(with_weights)} real artifacts that have a graph",
            "",
            *_table(with_weights),
            "",
            f"## {len(golden)} golden models",
            "",
            *_table(golden),
            "",
            f"## {len(without)} artifacts without a graph of TF1 or without weights",
            "",
            *_rows(("artifact", "what is told"), ((f"`{row.name}`", row.told) for row in without)),
            "",
        ]
    )


def _totals(parts: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    counts = {name: Counter(row.status for row in rows) for name, rows in parts.items()}
    statuses = dict.fromkeys(["verified", *sorted(set().union(*counts.values()))])
    lines = [[status, *(str(counts[name][status]) for name in parts)] for status in statuses]
    lines.append(["in all", *(str(len(rows)) for rows in parts.values())])
    lines.append(["the right tensors, of those proposed and judged", *(_right(rows) for rows in parts.values())])
    return _rows(("", *parts), lines)


def _right(rows: Sequence[Row]) -> str:
    judged = [row.right for row in rows if row.right in ("yes", "**no**")]
    return f"{judged.count('yes')} of {len(judged)}"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    head = ("artifact", "inputs", "outputs", "bound", "training behavior", "right", "result")
    return _rows(head, (_cells(row) for row in rows))


def _cells(row: Row) -> list[str]:
    names = [_listed([f"`{name}`" for name in part]) for part in (row.inputs, row.outputs, row.bound)]
    return [f"`{row.name}`", *names, row.behavior, row.right, f"{row.status}: {row.told}" if row.told else row.status]


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    main()
