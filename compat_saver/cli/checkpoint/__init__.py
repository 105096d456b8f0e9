"""`compat-saver checkpoint`: thin commands over `compat_saver.checkpoints`."""

from __future__ import annotations

import click

from compat_saver.cli.lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    modules={
        "compat_saver.cli.checkpoint.read_commands": ("ls", "get", "stats", "diff", "verify"),
        "compat_saver.cli.checkpoint.write_commands": (
            *("convert", "rename", "drop", "keep", "ema", "cast", "merge", "average", "export", "import_"),
        ),
    },
    short_help="List, compare, check, rewrite and exchange checkpoint files.",
)
def checkpoint() -> None:
    """List, compare, check, rewrite and exchange checkpoint files, without TensorFlow.

    SOURCE is a checkpoint of any format: its prefix, any file of it, or its directory. OUT is the prefix to write, in
    format V2; it appears complete or not at all. PATTERN is a shell pattern whose * goes across slashes.

    Exit codes: 0 done; 1 the checkpoints differ (diff), are damaged (verify), or hold NaN or infinite values (stats
    --check); 2 bad usage or unreadable input, nothing was written.
    """
