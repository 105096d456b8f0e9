"""`compat-saver checkpoint drop`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Leave tensors out, such as the slots of optimizers.")
@source_argument
@output_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--slots", is_flag=True, help="Drop what optimizers keep for themselves: w/Adam, beta1_power, ...")
@writes_checkpoint
def drop(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write SOURCE without the tensors that match to OUT.

    The graph beside SOURCE tells which tensors are slots, where there is one; names tell as well.
    """
    from compat_saver.checkpoints import drop as run

    return run(source, output, patterns, **options)
