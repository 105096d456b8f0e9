"""`--report FILE.html`: the outcome of a command as a page."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compat_saver.cli.log import say

if TYPE_CHECKING:
    from compat_saver.batch import BatchReport
    from compat_saver.errors import CannotMigrateError
    from compat_saver.inspection import Inspection
    from compat_saver.keras_models import KerasReport
    from compat_saver.migration import MigrationReport


def _refused_early(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Refuses a file that may not be replaced before the work is done that it is to show."""
    if path is not None:
        from compat_saver.errors import OutputExistsError
        from compat_saver.report.html.files import refuse_other_file

        try:
            refuse_other_file(path)
        except OutputExistsError as error:
            raise click.BadParameter(str(error), ctx, param) from None
    return path


report_option = click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path),
    callback=_refused_early,
    metavar="FILE.html",
    help="Write the report as a page as well: one file, with a picture of the graph.",
)


def write_outcome_page(page: Path | None, report: MigrationReport | KerasReport) -> None:
    """Writes the page of what a migration or verification came to, if one is requested."""
    if page is not None:
        from compat_saver.report.html.outcome_page import outcome_page

        _write(page, outcome_page(report))


def write_refusal_page(page: Path | None, source: Path, error: CannotMigrateError) -> None:
    """Writes the page of a model that cannot be migrated, if one is requested."""
    if page is not None:
        from compat_saver.report.html.pages import refusal_page

        _write(page, refusal_page(str(source), error))


def write_inspection_page(page: Path, found: Inspection) -> None:
    """Writes the page of an Inspection."""
    from compat_saver.report.html.pages import inspection_page
    from compat_saver.report.html.values import variable_histograms

    _write(page, inspection_page(found, variable_histograms(found)))


def model_page_writer(page: Path) -> Callable[[str, MigrationReport | KerasReport], None]:
    """Returns what writes the pages of the models of a batch; workers can be sent it."""
    from compat_saver.report.html.batch_pages import write_model_page

    return functools.partial(write_model_page, str(page.absolute()))


def write_batch_page(page: Path, report: BatchReport) -> None:
    """Writes the page of a BatchReport."""
    from compat_saver.report.html import batch_pages

    batch_pages.write_batch_page(page, report)
    say(f"Report: {page}")


def _write(page: Path, text: str) -> None:
    from compat_saver.report.html.files import write_page

    write_page(page, text)
    say(f"Report: {page}")
