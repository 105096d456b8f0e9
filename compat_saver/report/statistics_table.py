"""The statistics of a checkpoint as a table."""

from __future__ import annotations

from collections.abc import Sequence

from compat_saver.checkpoints import TensorStats
from compat_saver.report.columns import columns
from compat_saver.report.words import shape_text

_HEAD = ("name", "dtype", "shape", "min", "max", "mean", "NaN", "Inf")


def render_statistics(tensors: Sequence[TensorStats]) -> str:
    """Returns a line for each tensor; `-` where there is no number."""
    rows = [
        (
            item.name,
            item.dtype,
            shape_text(item.shape),
            _number(item.smallest),
            _number(item.largest),
            _number(item.mean),
            f"{item.nan:,}" if item.nan else "",
            f"{item.inf:,}" if item.inf else "",
        )
        for item in tensors
    ]
    return columns([_HEAD, *rows], right=range(3, 8))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.6g}"
