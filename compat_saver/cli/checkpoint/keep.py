"""`compat-saver checkpoint keep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Leave all other tensors out.")
@source_argument
@output_argument
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@writes_checkpoint
def keep(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write only the tensors of SOURCE that match to OUT."""
    from compat_saver.checkpoints import keep as run

    return run(source, output, patterns, **options)
