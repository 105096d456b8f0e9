"""Prints a migration's report to stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from compat_saver.migration import MigrationReport


def print_report(report: object, as_json: bool) -> None:
    """Prints a MigrationReport as JSON or as tables."""
    found = cast("MigrationReport", report)
    if as_json:
        from compat_saver.report.json_text import to_json

        click.echo(to_json(found.to_dict()))
    else:
        from compat_saver.report.migration_table import render_migration
        from compat_saver.report.terminal import print_to_stdout

        print_to_stdout(render_migration(found))
