"""What becomes of the ops: a line that counts them, and tables of the rewritten and of the unsupported ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from compat_saver.analysis.effects import SideEffect
from compat_saver.analysis.ops.triage import REWRITTEN, UNSUPPORTED, VERDICTS, OpRow
from compat_saver.errors import counted
from compat_saver.report.text import titled_table

_MOST_EFFECTS = 20


def ops_summary(rows: Sequence[OpRow]) -> str:
    """Returns how many ops there are, and how many of each verdict."""
    total, kinds = sum(row.count for row in rows), len({row.op for row in rows})
    counts = [f"{sum(row.count for row in rows if row.verdict == verdict):,} {verdict}" for verdict in VERDICTS]
    return f"{total:,} of {counted(kinds, 'kind')}: {', '.join(counts)}"


def rewritten_ops(rows: Sequence[OpRow]) -> Iterator[RenderableType]:
    """Yields a table of the ops that are replaced by others, if there are any."""
    cells = [(row.op, f"{row.count:,}", row.becomes, row.agreement) for row in rows if row.verdict == REWRITTEN]
    if cells:
        yield titled_table("Rewritten ops", ("op", "nodes", "becomes", "outputs"), cells, right=("nodes",))


def side_effects(effects: Sequence[SideEffect]) -> Iterator[RenderableType]:
    """Yields a table of the ops that reach outside of the graph, the needed ones first, if there are any."""
    if not effects:
        return
    found = sorted(effects, key=lambda item: not item.needed)
    cells = [
        (item.op, item.node, "yes" if item.needed else "no", item.does, item.shown_names)
        for item in found[:_MOST_EFFECTS]
    ]
    if len(found) > _MOST_EFFECTS:
        cells.append((f"and {len(found) - _MOST_EFFECTS:,} more", "", "", "", ""))
    yield titled_table("Reaches outside of the graph", ("op", "node", "needed", "what it does", "names"), cells)


def unsupported_ops(rows: Sequence[OpRow], around: str) -> Iterator[RenderableType]:
    """Yields a table of the unsupported ops, needed or not, and what to do about those that are needed."""
    blocking = sorted((row for row in rows if row.reason), key=lambda row: not row.needed)
    if not blocking:
        return
    cells = [(row.op, f"{row.count:,}", "yes" if row.needed else "no", row.reason) for row in blocking]
    yield titled_table("Unsupported ops", ("op", "nodes", "needed", "why"), cells, right=("nodes",))
    advice: dict[str, list[str]] = {}
    for row in blocking:
        if row.verdict == UNSUPPORTED:
            advice.setdefault(row.advice, []).append(row.op)
    for text, ops in advice.items():
        yield Text(f"{', '.join(ops)}: {text}")
    if around:
        yield Text(f"Flags that avoid all of them: {around}")
