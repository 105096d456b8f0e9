"""Holds what the old releases answered against what today's does, and writes the tables.

    python tests/golden/meaning/compare.py ANSWERS

ANSWERS is a directory with the `<release>.jsonl` files of `answer.py`. Writes `agreement.csv`, a row per op, and
`differences.csv`, an example of each kind of difference, next to this script. Fails while an op whose answers differ is
neither in the package's changed_meaning.csv nor in `judged.csv`.
"""

from __future__ import annotations

import base64
import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from case import OLD, TODAY, Case, definitions
from write_cases import all_cases

from compat_saver import dtypes
from compat_saver.graph.op_notes import known_changes

HERE = Path(__file__).parent
EXACT, ROUNDING, UNASKED = "exact", "rounding", ""
REFUSED, ACCEPTED, CRASHED = "refused today", "refused then", "crashed then"
SPECIAL, DIFFERS = "differ in nan or inf", "differ"
_FINE = (EXACT, ROUNDING, ACCEPTED, CRASHED, UNASKED)
_SIGN_FREE = (
    "Svd",
    "BatchSvd",
    "Qr",
    "SelfAdjointEig",
    "SelfAdjointEigV2",
    "BatchSelfAdjointEig",
    "BatchSelfAdjointEigV2",
)
_EPSILON = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-9, "complex64": 2e-5, "complex128": 1e-9, "bfloat16": 2e-2}

Answer = Mapping[str, Any]


def answers(path: Path, count: int) -> Sequence[Answer]:
    """Returns a release's answers in the order of the cases; {"crashed": True} where it crashed or hung."""
    found: list[Answer] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line == '"begun"':
            found.append({"crashed": True})
        else:
            found[-1] = json.loads(line)
    if len(found) != count:
        raise SystemExit(f"{path}: {len(found)} answers to {count} cases")
    return found


class Verdict(NamedTuple):
    """How two answers to one case compare: one of the words above, and what there is to see."""

    word: str
    example: str = ""


def verdict(op: str, then: Answer, now: Answer) -> Verdict:
    """Compares two answers to one case of an op; what is worst of all outputs counts."""
    if "outputs" not in then:
        return Verdict(UNASKED if "outputs" not in now else CRASHED if "crashed" in then else ACCEPTED)
    if "outputs" not in now:
        return Verdict(REFUSED, now.get("error", "crashed")[:120])
    found = [
        _compare(old, new, signs_count=op not in _SIGN_FREE)
        for old, new in zip(then["outputs"], now["outputs"], strict=False)
    ]
    for number, one in enumerate(found):
        found[number] = one._replace(example=f"output {number}: {one.example}")
    return max(found, key=lambda one: (EXACT, ROUNDING, SPECIAL, DIFFERS).index(one.word), default=Verdict(EXACT))


def _compare(old: Answer, new: Answer, signs_count: bool) -> Verdict:
    for key in ("dtype", "shape"):
        if old[key] != new[key]:
            return Verdict(DIFFERS, f"{key} {old[key]} then, {new[key]} now")
    if old["data"] == new["data"]:
        return Verdict(EXACT)
    if old["dtype"] == "string":
        ours, theirs = ([base64.b64decode(item) for item in one["data"]] for one in (new, old))
        return Verdict(
            DIFFERS, next(f"{b!r:.60} then, {a!r:.60} now" for a, b in zip(ours, theirs, strict=True) if a != b)
        )
    now, then = _array(new), _array(old)
    if not signs_count:
        now, then = np.abs(now), np.abs(then)
    if not _missed(then, now, 0.0).any():
        return Verdict(EXACT)
    missed = _missed(then, now, _EPSILON.get(old["dtype"], 0.0))
    if not missed.any():
        return Verdict(ROUNDING)
    finite = missed & _finite(then) & _finite(now)
    where = int(np.argmax(finite if finite.any() else missed))
    what = f"{missed.sum()} of {missed.size}: {then[where]!s:.24} then, {now[where]!s:.24} now"
    return Verdict(DIFFERS if finite.any() else SPECIAL, what)


def _finite(array: np.ndarray) -> np.ndarray:
    return np.isfinite(array.astype(np.complex128)) if array.dtype.kind in "fcV" else np.ones(array.shape, bool)


def _missed(then: np.ndarray, now: np.ndarray, epsilon: float) -> np.ndarray:
    """Returns where they differ by more than `epsilon` times the number and the mean size of all of them."""
    same = then == now
    if then.dtype.kind not in "fcV":
        return ~same
    wide = np.complex128 if then.dtype.kind == "c" else np.float64
    x, y = then.astype(wide), now.astype(wide)
    same |= np.isnan(x) & np.isnan(y)
    finite = np.isfinite(x) & np.isfinite(y)
    usual = np.minimum(np.abs(x[finite]), 1e3)
    room = epsilon * (np.abs(x) + (np.sqrt(np.mean(usual**2)) if usual.size else 0.0))
    return ~same & ~(finite & (np.abs(np.where(finite, x, 0) - np.where(finite, y, 0)) <= room))


def _array(packed: Answer) -> np.ndarray:
    row = dtypes.by_name(packed["dtype"])
    return np.frombuffer(base64.b64decode(packed["data"]), dtype=row.numpy)


def compare(cases: Sequence[Case], folder: Path) -> Iterator[tuple[Case, dict[str, Verdict]]]:
    """Yields each case with a verdict per old release."""
    found = {release: answers(folder / f"{release}.jsonl", len(cases)) for release in (*OLD, TODAY)}
    for number, case in enumerate(cases):
        asked = [release for release in OLD[OLD.index(case.since) :] if case.op in definitions(release)]
        yield case, {release: verdict(case.op, found[release][number], found[TODAY][number]) for release in asked}


def write_tables(compared: Iterable[tuple[Case, dict[str, Verdict]]]) -> None:
    """Writes both tables, and ends with exit code 1 if a difference is judged nowhere."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    examples: dict[tuple[str, str, str], list[tuple[Case, str]]] = defaultdict(list)
    for case, verdicts in compared:
        by_word: dict[str, list[str]] = {}
        for release, found in verdicts.items():
            counts[case.op][release][found.word] += 1
            if found.word not in _FINE:
                by_word.setdefault(found.word, []).append(release)
        for word, releases in by_word.items():
            examples[case.op, word, " ".join(releases)].append((case, verdicts[releases[0]].example))
    rows = [
        [op, word, releases, str(len(found)), found[0][0].name, found[0][1]]
        for (op, word, releases), found in sorted(examples.items())
    ]
    _write("differences.csv", ["op", "how", "releases", "cases", "first case", "its difference"], rows)
    judged = _judged()
    table = [[op, *(_cell(counts[op][release]) for release in OLD), judged.get(op, "")] for op in sorted(counts)]
    _write("agreement.csv", ["op", *OLD, "judgement"], table)
    unjudged = sorted({op for op, word, _ in examples if word == DIFFERS} - judged.keys())
    if unjudged:
        raise SystemExit(f"not judged: {' '.join(unjudged)}")


def _judged() -> dict[str, str]:
    found = dict.fromkeys(known_changes(), "told")
    with (HERE / "judged.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["op"]] = "; ".join(filter(None, (found.get(row["op"]), row["judgement"])))
    return found


def _cell(counted: Counter[str]) -> str:
    total = sum(counted[word] for word in (EXACT, ROUNDING, SPECIAL, DIFFERS, REFUSED))
    words = [f"{counted[word]} of {total} {word}" for word in (DIFFERS, SPECIAL, REFUSED) if counted[word]]
    if counted[ROUNDING] or counted[EXACT]:
        words.append(ROUNDING if counted[ROUNDING] else EXACT)
    return "; ".join(words) or ("only today" if counted[ACCEPTED] or counted[CRASHED] else "")


def _write(name: str, head: list[str], rows: list[list[str]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        write_tables(compare(all_cases(), Path(sys.argv[1])))
