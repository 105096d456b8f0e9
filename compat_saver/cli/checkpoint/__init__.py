"""`compat-saver checkpoint`: one file for each command, thin ones over `compat_saver.checkpoints`."""

from __future__ import annotations

import click

from compat_saver.cli.lazy_group import LazyGroup

_READING = ("ls", "get", "stats", "diff", "verify")
_WRITING = ("convert", "rename", "drop", "keep", "ema", "cast", "merge", "average", "export", "import_")


@click.group(
    cls=LazyGroup,
    package="compat_saver.cli.checkpoint",
    modules=(*_READING, *_WRITING),
    short_help="List, compare, check, rewrite and exchange checkpoint files.",
)
def checkpoint() -> None:
    """List, compare, check, rewrite and exchange checkpoint files, without TensorFlow.

    SOURCE is a checkpoint of any format: its prefix, any file of it, or its directory. OUT is the prefix to write, in
    format V2; it appears complete or not at all. PATTERN is a shell pattern whose * goes across slashes.

    Exit codes: 0 done; 1 the checkpoints differ (diff), are damaged (verify), or hold NaN or infinite values (stats
    --check); 2 bad usage or unreadable input, nothing was written.
    """
