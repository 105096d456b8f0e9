"""`compat-saver checkpoint average`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import PATH, output_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Write the mean of several checkpoints.")
@click.argument("sources", metavar="SOURCE...", type=PATH, nargs=-1, required=True)
@output_argument
@writes_checkpoint
def average(sources: tuple[Path, ...], output: Path, **options: Any) -> Written:
    """Write the mean of several checkpoints of one model to OUT.

    Floating and complex numbers are averaged in 64 bits; all else (steps, strings) is that of the last SOURCE.
    """
    from compat_saver.checkpoints import average as run

    return run(sources, output, **options)
