"""`compat-saver checkpoint cast`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Change types, such as float32 to bfloat16.")
@source_argument
@output_argument
@click.argument("types", metavar="FROM=TO...", nargs=-1, required=True)
@click.option("--only", multiple=True, metavar="PATTERN", help="Cast only tensors that match; repeatable.")
@writes_checkpoint
def cast(source: Path, output: Path, types: tuple[str, ...], **options: Any) -> Written:
    """Write SOURCE with tensors of some types cast to others: float64=float32 float32=bfloat16.

    A value that the new type cannot hold is an error.
    """
    from compat_saver.checkpoints import cast as run
    from compat_saver.errors import UsageError

    pairs = [item.partition("=") for item in types]
    if not all(old and new for old, _, new in pairs):
        raise UsageError(f"expected FROM=TO, such as float64=float32, got {' '.join(types)}")
    return run(source, output, {old: new for old, _, new in pairs}, **options)
