"""Shows on a terminal which stage is running; silent everywhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

_STAGES = {
    "read": "Reading the graph and the index of the checkpoint",
    "rewrite": "Rewriting the graph",
    "write": "Writing the SavedModel",
    "verify": "Comparing it with the original",
}


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str], None] | None]:
    """Gives a function that takes the name of each stage as it begins, or None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:
        yield lambda stage: status.update(_STAGES[stage])


@contextlib.contextmanager
def byte_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Gives a function that takes bytes done and bytes in all, or None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn(title), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda count, total: bar.update(task, advance=count, total=total)
