"""What is recorded about ops beyond their definitions: advice on those that are gone, and changes of meaning.

`data/op_advice.csv` is maintained by hand. Each line holds op names and shell patterns, where they came from, and
advice; the first line with a matching name or pattern counts. A line is added only after its content was looked up.

`data/changed_meaning.csv` was measured: several hundred ops were given the same inputs in six releases of TensorFlow 1
and in current TensorFlow (tests/golden/meaning). Differences that concern only NaN, infinities, numbers out of range or
the order of equal elements are not in it.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"
_ADVICE = _DATA / "op_advice.csv"
_CHANGES = _DATA / "changed_meaning.csv"


class OpAdvice(NamedTuple):
    """One line of op_advice.csv.

    Attributes:
        patterns: the ops it is about.
        origin: where they came from; "" where op_facts.csv records it.
        advice: what the user can do, in sentences.
    """

    patterns: tuple[str, ...]
    origin: str
    advice: str


def advice_for(op: str) -> OpAdvice | None:
    """Returns what is known of an op, or None."""
    return next((item for item in known_advice() if any(fnmatchcase(op, pattern) for pattern in item.patterns)), None)


@functools.cache
def known_advice() -> tuple[OpAdvice, ...]:
    """Returns all lines."""
    with _ADVICE.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return tuple(OpAdvice(tuple(ops.split()), origin, advice) for ops, origin, advice in rows)


class Change(NamedTuple):
    """One row of changed_meaning.csv.

    Attributes:
        op: the op.
        first: the first GraphDef version it holds for; 0 for all of old.
        until: the first GraphDef version it holds for no longer; None if it holds for every graph.
        attribute: the attribute it depends on; "" if it depends on none.
        values: the values of that attribute it holds for; a lone empty text is the default of a text.
        what: what changed, a clause that starts in lower case.
        restored: whether a pass preserves what the op computed (LEGACY_BEHAVIOR_PASSES).
    """

    op: str
    first: int
    until: int | None
    attribute: str
    values: tuple[str, ...]
    what: str
    restored: bool


@functools.cache
def known_changes() -> Mapping[str, tuple[Change, ...]]:
    """Returns the packaged changes by op."""
    found: dict[str, tuple[Change, ...]] = {}
    with _CHANGES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            change = Change(
                op=row["op"],
                first=int(row["from_version"] or 0),
                until=int(row["before_version"]) if row["before_version"] else None,
                attribute=row["attribute"],
                values=tuple(row["values"].split(" ")),
                what=row["change"],
                restored=row["restored"] == "yes",
            )
            found[change.op] = (*found.get(change.op, ()), change)
    return found
