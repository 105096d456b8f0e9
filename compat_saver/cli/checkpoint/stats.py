"""`compat-saver checkpoint stats`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compat_saver.cli.checkpoint.options import reads, source_argument
from compat_saver.cli.failures import DIFFERENT
from compat_saver.cli.progress import byte_bar


@click.command(short_help="Show minimum, maximum and mean; find NaN and infinite values.")
@source_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--check", is_flag=True, help="List only tensors with NaN or infinite values; exit 1 if there are any.")
@reads
def stats(source: Path, patterns: tuple[str, ...], check: bool, as_json: bool) -> None:
    """Show the smallest, largest and mean value of every tensor, and count NaN and infinite ones.

    Minimum, maximum and mean are those of the finite values; of complex numbers, of their magnitudes.
    """
    from compat_saver.checkpoints import stats as compute
    from compat_saver.report.json_text import to_json
    from compat_saver.report.statistics_table import render_statistics

    with byte_bar("Reading") as progress:
        found = compute(source, patterns, progress=progress)
    shown = found.unsound if check else found.tensors
    if as_json:
        click.echo(to_json(found.to_dict()))
    elif shown:
        click.echo(render_statistics(shown))
    if found.unsound:
        click.echo(f"{len(found.unsound):,} of {len(found.tensors):,} tensors hold NaN or infinite values.", err=True)
    elif check:
        click.echo(f"All {len(found.tensors):,} tensors are finite.", err=True)
    if check and found.unsound:
        sys.exit(DIFFERENT)
