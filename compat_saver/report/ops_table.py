"""What becomes of the ops: a line that counts them, and those that do not stay as they are, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from compat_saver.analysis.ops.triage import REWRITTEN, UNSUPPORTED, VERDICTS, OpRow


def ops_summary(rows: Sequence[OpRow]) -> str:
    """Returns how many ops there are, and how many of each verdict."""
    total, kinds = sum(row.count for row in rows), len({row.op for row in rows})
    counts = [f"{sum(row.count for row in rows if row.verdict == verdict):,} {verdict}" for verdict in VERDICTS]
    return f"{total:,} of {kinds:,} kind{'s' * (kinds != 1)}: {', '.join(counts)}"


def rewritten_ops(rows: Sequence[OpRow]) -> Iterator[RenderableType]:
    """Yields a table of the ops that others take the place of, if there are any."""
    cells = [(row.op, f"{row.count:,}", row.becomes, row.agreement) for row in rows if row.verdict == REWRITTEN]
    if cells:
        yield _table("Rewritten ops", ("op", "nodes", "becomes", "answers"), cells)


def ops_in_the_way(rows: Sequence[OpRow], around: str) -> Iterator[RenderableType]:
    """Yields a table of the unsupported ops, needed or not, and what to do about those that are needed."""
    blocking = sorted((row for row in rows if row.reason), key=lambda row: not row.needed)
    if not blocking:
        return
    cells = [(row.op, f"{row.count:,}", "yes" if row.needed else "no", row.reason) for row in blocking]
    yield _table("Unsupported ops", ("op", "nodes", "needed", "why"), cells)
    advice: dict[str, list[str]] = {}
    for row in blocking:
        if row.verdict == UNSUPPORTED:
            advice.setdefault(row.advice, []).append(row.op)
    for text, ops in advice.items():
        yield Text(f"{', '.join(ops)}: {text}")
    if around:
        yield Text(f"A way around all of them: {around}")


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column == "nodes" else "left")
    for row in rows:
        table.add_row(*row)
    return table
