"""`compat-saver migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from compat_saver._tensorflow import be_quiet
from compat_saver.cli.arguments import SourcePath
from compat_saver.cli.keras_options import keras_options
from compat_saver.cli.log import put, say
from compat_saver.cli.migration_options import migration_options
from compat_saver.cli.output import print_report, reports_failures, stages
from compat_saver.cli.report_option import report_option, write_outcome_page, write_refusal_page
from compat_saver.cli.verification_options import memory_option
from compat_saver.errors import CannotMigrateError, VerificationError

if TYPE_CHECKING:
    from compat_saver.keras_models import KerasReport
    from compat_saver.migration import MigrationReport


@click.command(short_help="Migrate SOURCE into a TensorFlow 2 SavedModel or a Keras 3 file.")
@click.argument("source", type=SourcePath())
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@memory_option
@report_option
@reports_failures
@keras_options
@migration_options
def migrate(source: Path, output: Path, as_json: bool, page: Path | None, **options: Any) -> None:
    """Migrate SOURCE into a TensorFlow 2 SavedModel at OUT, or a Keras model into OUT.keras.

    The written model is loaded back and compared with the original graph on the same inputs; OUT appears only if they
    agree.
    """
    import compat_saver

    be_quiet()
    try:
        with stages() as progress:
            report = compat_saver.migrate(source, output, progress=progress, **options)
    except CannotMigrateError as error:
        write_refusal_page(page, source, error)
        raise
    except VerificationError as error:
        if error.report is not None:
            write_outcome_page(page, cast("MigrationReport | KerasReport", error.report))
        if not as_json and error.report is not None:  # else it is printed with the failure
            print_report(error.report, as_json)
        raise
    print_report(report, as_json)
    if not as_json:
        _print_next_steps(report)
    say(_SUMMARIES[report.status].format(report.output))
    write_outcome_page(page, report)  # last: if that fails, it is said that the model is there


def _print_next_steps(report: MigrationReport | KerasReport) -> None:
    """Prints lines that are copied, so they are not wrapped."""
    from compat_saver.report.next_steps import render_next_steps

    if steps := render_next_steps(report):
        put(steps)


_SUMMARIES = {
    "passed": "Verified and written to {}.",
    "skipped": "Written to {}, not verified.",
    "planned": "Nothing was written (dry run).",
}
