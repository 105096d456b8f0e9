"""Puts what stands in the way of a migration into sentences: everything, in one go, each with what can be done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from compat_saver.analysis.ops.triage import UNSUPPORTED, OpRow


def obstacles_among(rows: Iterable[OpRow]) -> list[str]:
    """Returns a sentence per reason to be in the way, naming the ops and nodes it holds for."""
    alike: dict[tuple[str, str], list[OpRow]] = defaultdict(list)
    for row in rows:
        if row.verdict == UNSUPPORTED:
            alike[row.reason, row.advice].append(row)
    return [f"{_named(found)}: {reason}. {advice}" for (reason, advice), found in alike.items()]


def _named(rows: list[OpRow]) -> str:
    names = [name for row in rows for name in row.nodes]
    more = sum(row.count for row in rows) - 2
    shown = ", ".join(repr(name) for name in names[:2]) + (f" and {more:,} more" if more > 0 else "")
    return f"{', '.join(row.op for row in rows)} ({shown})"
