"""`compat-saver checkpoint import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import PATH, output_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command("import", short_help="Read a .npz or .safetensors file.")
@click.argument("file", type=PATH)
@output_argument
@writes_checkpoint
def import_(file: Path, output: Path, **options: Any) -> Written:
    """Write the arrays of FILE, a .npz or .safetensors file, as a checkpoint OUT."""
    from compat_saver.checkpoints import import_ as run

    return run(file, output, **options)
