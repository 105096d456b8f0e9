"""`compat-saver checkpoint ls`."""

from __future__ import annotations

from pathlib import Path

import click

from compat_saver.cli.checkpoint.options import reads, source_argument


@click.command(short_help="List the tensors by scope, with types, shapes and sizes.")
@source_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--flat", is_flag=True, help="A line for each tensor, its whole name first, bytes as a plain number.")
@reads
def ls(source: Path, patterns: tuple[str, ...], flat: bool, as_json: bool) -> None:
    """List the tensors of SOURCE by scope, with types, shapes and sizes; no values are read.

    A checkpoint that was saved by object is listed by object path, with the full names of its variables.
    """
    from compat_saver.checkpoints import ls as list_tensors
    from compat_saver.report.checkpoint_listing import render_flat, render_tree
    from compat_saver.report.json_text import to_json

    listing = list_tensors(source, patterns)
    if as_json:
        click.echo(to_json(listing.to_dict()))
    else:
        click.echo(render_flat(listing) if flat else render_tree(listing))
