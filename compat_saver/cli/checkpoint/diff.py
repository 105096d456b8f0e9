"""`compat-saver checkpoint diff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from compat_saver.cli.checkpoint.options import PATH, reads
from compat_saver.cli.failures import DIFFERENT
from compat_saver.cli.progress import byte_bar


@click.command(short_help="Compare names, shapes, types and values of two checkpoints.")
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@click.option("--rtol", type=click.FloatRange(min=0), default=0, show_default=True, help="Relative tolerance.")
@click.option("--atol", type=click.FloatRange(min=0), default=0, show_default=True, help="Absolute tolerance.")
@click.option("--ignore-dtype", is_flag=True, help="Compare values alone where only types differ.")
@reads
def diff(a: Path, b: Path, as_json: bool, **options: Any) -> None:
    """Compare the checkpoints A and B: names, shapes, types and values; exit 1 if they differ.

    How they are stored makes no difference: format, shards, slices. NaN equals NaN.
    """
    from compat_saver.checkpoints import diff as compare
    from compat_saver.report.difference_table import render_difference
    from compat_saver.report.json_text import to_json

    with byte_bar("Comparing") as progress:
        found = compare(a, b, progress=progress, **options)
    click.echo(to_json(found.to_dict()) if as_json else render_difference(found))
    if found:
        sys.exit(DIFFERENT)
