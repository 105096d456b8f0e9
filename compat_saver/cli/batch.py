"""`compat-saver batch`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.arguments import Size
from compat_saver.cli.keras_options import keras_options
from compat_saver.cli.log import say, shows_progress
from compat_saver.cli.migration_options import migration_options
from compat_saver.cli.output import DIFFERENT, INTERRUPTED, reports_failures
from compat_saver.cli.report_option import model_page_writer, report_option, write_batch_page
from compat_saver.errors import counted

if TYPE_CHECKING:
    from compat_saver.batch import BatchReport, Step


@click.command(short_help="Migrate all models below a directory, or of a list.")
@click.argument("sources", metavar="ROOT_OR_LIST", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT_DIR", type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes [default: one per processor].")
@click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="What all workers together may have, such as 8G [default: most of what is available].",
)
@click.option(
    "--time-per-model",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="The time that one model may take in all; then it has failed, and the others go on [default: no limit].",
)
@click.option("--resume", is_flag=True, help="Leave out what an earlier run did, if nothing has changed since.")
@click.option(
    "--every-checkpoint", is_flag=True, help="Migrate all checkpoints of a training directory, not the latest only."
)
@report_option
@reports_failures
@keras_options
@migration_options
def batch(sources: Path, output: Path, as_json: bool, page: Path | None, **options: Any) -> None:
    """Migrate every legacy model below a directory, or of a list, into OUT_DIR.

    A list is a text file with a SOURCE per line, or a CSV or YAML file in which a model may have a name and options of
    its own: `source`, `name`, `outputs`, `bind`, and so on. Stops at no failure. OUT_DIR/batch.jsonl grows by a line
    per model. Exit code 0 if all are verified, 1 if some are not.
    """
    import compat_saver

    try:
        with _shown() as progress:
            after = None if page is None else model_page_writer(page)
            report = compat_saver.migrate_many(sources, output, progress=progress, after=after, **options)
    except KeyboardInterrupt:
        say(f"Interrupted. What is done is recorded in {output}; --resume does the rest.")
        sys.exit(INTERRUPTED)
    _print(report, as_json)
    if page is not None:
        write_batch_page(page, report)
    if not report.all_good:
        sys.exit(DIFFERENT)


def _print(report: BatchReport, as_json: bool) -> None:
    if as_json:
        from compat_saver.report.json_text import to_json

        click.echo(to_json(report.to_dict()))
    else:
        from compat_saver.report.batch_table import render_batch
        from compat_saver.report.text import print_to_stdout

        print_to_stdout(render_batch(report))
    counts = ", ".join(f"{count:,} {status}" for status, count in report.counts.items())
    record = "" if report.record is None else f" Recorded in {report.record}."
    say(f"{counted(len(report), 'model')} in {report.seconds:.1f} s: {counts}.{record}")


@contextlib.contextmanager
def _shown() -> Iterator[Callable[[Step], None]]:
    """Gives a function that shows each step: a bar with what is running on a terminal, a line per model elsewhere."""
    if not shows_progress():
        yield _print_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Looking for models", total=None)
        running: dict[str, None] = {}

        def show(step: Step) -> None:
            if step.outcome is None:
                running[step.name] = None
            else:
                running.pop(step.name, None)
                if not step.outcome.is_good:
                    bar.console.print(_line(step), style="yellow", highlight=False)
            bar.update(task, completed=step.done, total=step.total, description=_names(list(running)))

        yield show


_MOST_NAMES = 2


def _names(running: list[str]) -> str:
    more = f" and {len(running) - _MOST_NAMES:,} more" if len(running) > _MOST_NAMES else ""
    return ", ".join(running[:_MOST_NAMES]) + more


def _print_line(step: Step) -> None:
    if step.outcome is not None:
        say(_line(step))


def _line(step: Step) -> str:
    outcome = step.outcome
    assert outcome is not None
    why = f": {outcome.problems[0].splitlines()[0]}" if outcome.problems else ""
    return f"[{step.done}/{step.total}] {step.name} {outcome.status} in {outcome.seconds:.1f} s{why}"
