"""The outcomes of a batch as one table for a terminal."""

from __future__ import annotations

from rich.console import RenderableType

from compat_saver.batch.outcome import BatchReport, ModelOutcome
from compat_saver.report.text import titled_table


def render_batch(report: BatchReport) -> RenderableType:
    """Returns a row for each model: what became of it, how long that took, and why it is not migrated."""
    heads = ("model", "outcome", "seconds", "why")
    return titled_table("Models", heads, map(_row, report), right=("seconds",))


def _row(item: ModelOutcome) -> tuple[str, ...]:
    status = f"{item.status} before" if item.resumed else item.status
    more = f" (and {len(item.problems) - 1:,} more)" if len(item.problems) > 1 else ""
    why = f"{item.problems[0].splitlines()[0]}{more}" if item.problems else ""
    return item.name, status, f"{item.seconds:.1f}", why
