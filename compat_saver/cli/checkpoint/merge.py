"""`compat-saver checkpoint merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import PATH, output_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Write several checkpoints as one.")
@click.argument("sources", metavar="SOURCE...", type=PATH, nargs=-1, required=True)
@output_argument
@click.option("--prefer", type=click.Choice(["first", "last"]), help="Which one wins where several hold a tensor.")
@writes_checkpoint
def merge(sources: tuple[Path, ...], output: Path, **options: Any) -> Written:
    """Write the tensors of several checkpoints to one, OUT.

    A tensor that several of them hold is an error, unless --prefer says which one wins.
    """
    from compat_saver.checkpoints import merge as run

    return run(sources, output, **options)
