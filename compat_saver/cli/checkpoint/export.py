"""`compat-saver checkpoint export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import PATH, source_argument, writes_file

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Write a .npz or .safetensors file.")
@source_argument
@click.argument("output", metavar="FILE", type=PATH)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--skip-unsupported", is_flag=True, help="Leave out what FILE cannot hold, such as strings.")
@writes_file
def export(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write the tensors of SOURCE to FILE, a .npz or .safetensors file.

    A tensor that FILE cannot hold is an error, unless --skip-unsupported leaves it out.
    """
    from compat_saver.checkpoints import export as run

    return run(source, output, patterns, **options)
