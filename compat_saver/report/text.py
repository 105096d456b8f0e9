"""Text that several renderers need: sizes, shapes, counts, aligned columns, and tables for a terminal.

rich is imported when a table is made: the `checkpoint` commands print plain columns and do without it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from compat_saver.errors import printable
from compat_saver.graph.text import format_shape

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

# ---- words

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


# ---- plain columns


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Returns rows of equally many cells as lines, two spaces between columns, none at the end of a line.

    Lines are never wrapped: names stay whole for grep, however long they are.

    Args:
        rows: the cells.
        right: numbers of the columns that are aligned to the right.
    """
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join(_aligned(row, widths, right)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    pairs = enumerate(zip(row, widths, strict=True))
    return [cell.rjust(width) if number in right else cell.ljust(width) for number, (cell, width) in pairs]


# ---- tables for a terminal

_WIDTH_WITHOUT_TERMINAL = 100
_KEPT_WHOLE = 24
"""Shorter cells, such as shapes, are not wrapped without a terminal; of longer ones the words are kept whole."""


def titled_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()) -> Table:
    """Returns a table as all reports have it: the title on the left, one line below the heads, cells folded.

    Args:
        title: the title.
        heads: the names of the columns.
        rows: the cells.
        right: heads of the columns that are aligned to the right.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold", justify="right" if head in right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def print_to_stdout(rendered: RenderableType) -> None:
    """Prints to stdout: as wide as the terminal, or as a pipe or a file is read.

    Without a terminal a name is never broken, so that it can be searched for: a line is longer where names need that.
    """
    from rich.console import Console

    if sys.stdout.isatty():
        console = Console(width=shutil.get_terminal_size().columns, highlight=False)
        console.print(_harmless(console, rendered))
        return
    _keep_names_whole(rendered)
    text = as_text(rendered, _WIDTH_WITHOUT_TERMINAL)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def _keep_names_whole(rendered: RenderableType) -> None:
    """Makes the columns of all tables at least as wide as their longest words."""
    from rich.console import Group
    from rich.table import Table

    for item in rendered.renderables if isinstance(rendered, Group) else (rendered,):
        if isinstance(item, Table):
            for column in item.columns:
                column.min_width = max((_least_width(str(cell)) for cell in column.cells), default=0)


def _least_width(cell: str) -> int:
    return len(cell) if len(cell) <= _KEPT_WHOLE else max(map(len, cell.split()), default=0)


def as_text(rendered: RenderableType, width: int = 100) -> str:
    """Returns what would be printed, without colors."""
    from rich.console import Console

    console = Console(width=width, highlight=False, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(_harmless(console, rendered), crop=False)
    return capture.get()


def _harmless(console: Console, rendered: RenderableType) -> RenderableType:
    """Returns it with the names in it made printable; the colors, which are none of them, stay."""
    from rich.segment import Segment, Segments

    return Segments(Segment(printable(item.text), item.style, item.control) for item in console.render(rendered))
