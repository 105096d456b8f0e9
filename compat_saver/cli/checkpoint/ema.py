"""`compat-saver checkpoint ema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Put moving averages in place of their variables.")
@source_argument
@output_argument
@click.option(
    "--suffix",
    default="ExponentialMovingAverage",
    show_default=True,
    help="The last part of the names of averages.",
)
@writes_checkpoint
def ema(source: Path, output: Path, **options: Any) -> Written:
    """Write SOURCE with moving averages in place of the variables that they followed to OUT.

    x gets the values of x/ExponentialMovingAverage; a name without average stays as it is.
    """
    from compat_saver.checkpoints import ema as run

    return run(source, output, **options)
