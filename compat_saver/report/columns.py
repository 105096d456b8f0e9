"""Rows as aligned text that is never wrapped: names stay whole for grep, however long they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Returns rows of equally many cells as lines, two spaces between columns, none at the end of a line.

    Args:
        rows: the cells.
        right: numbers of the columns that are aligned to the right.
    """
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join(_aligned(row, widths, right)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    pairs = enumerate(zip(row, widths, strict=True))
    return [cell.rjust(width) if number in right else cell.ljust(width) for number, (cell, width) in pairs]
