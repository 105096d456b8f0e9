"""`compat-saver checkpoint verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compat_saver.cli.checkpoint.options import reads, source_argument
from compat_saver.cli.failures import DIFFERENT
from compat_saver.cli.progress import byte_bar


@click.command(short_help="Check every checksum and list all damage.")
@source_argument
@reads
def verify(source: Path, as_json: bool) -> None:
    """Check every checksum and every promise of the index; list all damage and exit 1 if there is any."""
    from compat_saver.checkpoints import verify as check
    from compat_saver.report.json_text import to_json
    from compat_saver.report.soundness_text import render_soundness

    with byte_bar("Checking") as progress:
        found = check(source, progress=progress)
    click.echo(to_json(found.to_dict()) if as_json else render_soundness(found))
    if not found.is_intact:
        sys.exit(DIFFERENT)
