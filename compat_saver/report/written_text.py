"""What an operation on a checkpoint wrote, or would write."""

from __future__ import annotations

from compat_saver.checkpoints import Written
from compat_saver.report.columns import columns
from compat_saver.report.words import bytes_text


def render_summary(found: Written) -> str:
    """Returns a sentence, and a line for each note."""
    counts = [f"{found.tensors:,} tensor{'s' * (found.tensors != 1)} ({bytes_text(found.nbytes)})"]
    counts += [f"{len(found.changed):,} changed"] if found.changed else []
    counts += [f"{len(found.dropped):,} left out"] if found.dropped else []
    done = "Nothing was written (dry run):" if found.output is None else f"Written to {found.output}:"
    return "\n".join([f"{done} {', '.join(counts)}.", *(f"Note: {note}" for note in found.notes)])


def render_changes(found: Written) -> str:
    """Returns a line for each tensor that is changed or left out; "" where none is."""
    rows = [*found.changed.items(), *((name, "left out") for name in found.dropped)]
    return columns(rows) if rows else ""
