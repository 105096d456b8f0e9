"""Whether a checkpoint is intact, as lines."""

from __future__ import annotations

from compat_saver.checkpoints import Soundness
from compat_saver.report.words import bytes_text


def render_soundness(found: Soundness) -> str:
    """Returns one line for an intact checkpoint, and else one for each damage."""
    if found.is_intact:
        return f"{found.prefix}: intact, {len(found.files)} files, {bytes_text(found.nbytes)}"
    count = len(found.damage)
    head = f"{found.prefix}: damaged in {count} place{'s' * (count != 1)}"
    return "\n".join([head, *(f"  - {error}" for error in found.damage)])
