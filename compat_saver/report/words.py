"""Small pieces of text that several renderers need."""

from __future__ import annotations

from collections.abc import Sequence

from compat_saver.graph.text import format_shape

_UNITS = ("B", "kB", "MB", "GB", "TB")


def bytes_text(count: int) -> str:
    """Returns "624 B", "1.2 MB": powers of 1000, two digits."""
    size = float(count)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def shape_text(shape: Sequence[int | None] | None) -> str:
    """Returns "[?, 12]", or "unknown" for an unknown rank."""
    return "unknown" if shape is None else format_shape(tuple(shape))


def version_text(version: str) -> str:
    """Returns "TensorFlow 1.15.5", or what is said of a file in which no release is recorded."""
    return f"TensorFlow {version}" if version else "a TensorFlow release that is not recorded"
