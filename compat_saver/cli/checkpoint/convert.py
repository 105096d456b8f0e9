"""`compat-saver checkpoint convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Write V1 as V2, other shards, partitions joined.")
@source_argument
@output_argument
@click.option("--join", is_flag=True, help="Store partitioned tensors in one piece.")
@writes_checkpoint
def convert(source: Path, output: Path, **options: Any) -> Written:
    """Write SOURCE, of any format, as a V2 checkpoint OUT, in one data file or many."""
    from compat_saver.checkpoints import convert as run

    return run(source, output, **options)
