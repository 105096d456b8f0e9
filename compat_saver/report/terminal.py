"""Puts rendered tables on stdout."""

from __future__ import annotations

import shutil
import sys

from rich.console import Console, RenderableType

_WIDTH_WITHOUT_TERMINAL = 1000  # names must stay whole where output is searched


def print_to_stdout(rendered: RenderableType) -> None:
    """Prints to stdout, in colours only on a terminal and never wrapped to less than it can hold elsewhere."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    Console(file=sys.stdout, width=width, highlight=False).print(rendered)


def as_text(rendered: RenderableType, width: int = 100) -> str:
    """Returns what would be printed, without colours."""
    console = Console(width=width, highlight=False, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(rendered)
    return capture.get()
