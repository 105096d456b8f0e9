"""`compat-saver verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from compat_saver._tensorflow import be_quiet
from compat_saver.cli.arguments import SourcePath
from compat_saver.cli.keras_options import keras_options
from compat_saver.cli.log import say
from compat_saver.cli.output import print_report, reports_failures, stages
from compat_saver.cli.report_option import report_option, write_outcome_page
from compat_saver.cli.source_options import meta_graph_option
from compat_saver.cli.verification_options import memory_option, verification_options
from compat_saver.errors import VerificationError

if TYPE_CHECKING:
    from compat_saver.keras_models import KerasReport
    from compat_saver.migration import MigrationReport


@click.command(short_help="Compare a migrated model with its source once more.")
@click.argument("source", type=SourcePath())
@click.argument("saved_model", type=click.Path(path_type=Path))
@meta_graph_option
@keras_options
@verification_options
@memory_option
@report_option
@reports_failures
def verify(source: Path, saved_model: Path, as_json: bool, page: Path | None, **options: Any) -> None:
    """Compare SAVED_MODEL, which `migrate` wrote, with the SOURCE it came from, once more."""
    import compat_saver

    be_quiet()
    try:
        with stages() as progress:
            report = compat_saver.verify(source, saved_model, progress=progress, **options)
    except VerificationError as error:
        if error.report is not None:
            write_outcome_page(page, cast("MigrationReport | KerasReport", error.report))
        if not as_json and error.report is not None:  # else it is printed with the failure
            print_report(error.report, as_json)
        raise
    print_report(report, as_json)
    say(f"Verified: the outputs of {saved_model} are those of {source}.")
    write_outcome_page(page, report)
