"""What the commands share: arguments, options, how results are printed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.arguments import SourcePath
from compat_saver.cli.log import put, say
from compat_saver.cli.output import byte_bar, reports_failures

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written

PATH = click.Path(path_type=Path)

source_argument = click.argument("source", type=SourcePath())
output_argument = click.argument("output", metavar="OUT", type=PATH)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")

_WRITING = (
    click.option("--overwrite", is_flag=True, help="Replace OUT if it is there."),
    click.option("--dry-run", is_flag=True, help="Report what would be written; write nothing."),
    json_option,
)
_shards_option = click.option(
    "--shards", type=click.IntRange(1, 99_999), default=1, show_default=True, help="Data files to write."
)

Command = Callable[..., Any]


def reads(command: Command) -> Command:
    """Makes a command of a function that reads: --json, and failures reported."""
    return json_option(reports_failures(command))


def writes_file(command: Command) -> Command:
    """Makes a command of a function that returns what it wrote: it is reported, and so are failures.

    The function gets `overwrite`, `dry_run` and `progress` along with its own arguments.
    """

    @functools.wraps(command)
    def run(as_json: bool, **arguments: Any) -> None:
        with byte_bar("Writing") as progress:
            written = command(progress=progress, **arguments)
        _print_written(written, as_json)

    wrapped: Command = reports_failures(run)
    for option in reversed(_WRITING):
        wrapped = option(wrapped)
    return wrapped


def writes_checkpoint(command: Command) -> Command:
    """As `writes_file`, for a function that writes a checkpoint and gets `shards` as well."""
    return _shards_option(writes_file(command))


def _print_written(written: Written, as_json: bool) -> None:
    from compat_saver.report.checkpoint_tables import render_changes, render_summary
    from compat_saver.report.json_text import to_json

    if as_json:
        click.echo(to_json(written.to_dict()))
    elif written.output is None and (changes := render_changes(written)):
        put(changes)
    say(render_summary(written))
