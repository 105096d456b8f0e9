"""What commands put out: the report on stdout, progress and failures on stderr, the documented exit code.

Errors of the package become a message on stderr, and JSON on stdout where requested.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from compat_saver.cli.log import complain, detail, is_debugging, shows_progress
from compat_saver.errors import CannotMigrateError, CompatSaverError, SideEffectError, VerificationError
from compat_saver.isolation import Stage

if TYPE_CHECKING:
    from compat_saver.migration import MigrationReport


DIFFERENT, UNUSABLE, OBSTRUCTED, BUG, INTERRUPTED = 1, 2, 3, 70, 130
_REPORT_IT = "This is a bug of compat-saver; please report it with the command and the model's .meta: "
_ISSUES = "https://github.com/compat-saver/compat_saver/issues"


def reports_failures(command: Callable[..., None]) -> Callable[..., None]:
    """Wraps a command that has an `as_json` parameter."""

    @functools.wraps(command)
    def wrapped(*, as_json: bool, **arguments: Any) -> None:
        try:
            _clean_up_when_terminated()
            command(as_json=as_json, **arguments)
        except CompatSaverError as error:
            complain(f"Error: {error}")
            if as_json:
                _print_json(error)
            sys.exit(_exit_code(error))
        except OSError as error:  # a full disk, a file that vanished meanwhile
            complain(f"Error: {error}")
            if as_json:
                _print_json(error)
            sys.exit(UNUSABLE)
        except Exception as error:
            if as_json and not isinstance(error, click.ClickException | click.exceptions.Exit):
                _print_json(error)
            raise

    return wrapped


@contextlib.contextmanager
def last_resort() -> Iterator[None]:
    """Ends the program with the documented exit code where a command did not: it was interrupted, or has a bug."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt:
        _end_interrupted()
    except Exception as error:
        # Before Python 3.12 an interrupt while a class is made comes out as a RuntimeError.
        if isinstance(error.__cause__, KeyboardInterrupt):
            _end_interrupted()
        if is_debugging():
            raise
        line = " ".join(str(error).split())[:_LONGEST]
        complain(f"Error: {type(error).__name__}: {line} ({_place_of(error)}). {_REPORT_IT}{_ISSUES}", is_bug=True)
        sys.exit(BUG)


def _end_interrupted() -> NoReturn:
    complain("Interrupted; nothing was written.")
    sys.exit(INTERRUPTED)


_LONGEST = 300


def _place_of(error: BaseException) -> str:
    """Returns the last line of this package that an error came through, perhaps in a child process."""
    here = [(item.filename, item.lineno) for item in traceback.extract_tb(error.__traceback__)]
    frames = [(file, line) for file, line in [*here, *getattr(error, "frames", ())] if "compat_saver" in file]
    return f"{Path(frames[-1][0]).name}:{frames[-1][1]}" if frames else "outside of the package"


def _clean_up_when_terminated() -> None:
    """Makes SIGTERM end the command as Ctrl-C does, so that what was half written is taken away."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _print_json(error: Exception) -> None:
    """Prints the report of a failed verification, or else what failed and every obstacle."""
    from compat_saver.report.json_text import to_json

    report = getattr(error, "report", None)
    if report is not None:
        click.echo(to_json(report.to_dict()))
        return
    found: dict[str, Any] = {"error": type(error).__name__, "problems": [str(error)]}
    if isinstance(error, CannotMigrateError):
        ops = [row.to_dict() for row in error.ops]
        found |= {"problems": list(error.obstacles), "ops": ops, "around": error.around}
    click.echo(to_json(found))


def _exit_code(error: CompatSaverError) -> int:
    if isinstance(error, VerificationError):
        return DIFFERENT
    return OBSTRUCTED if isinstance(error, CannotMigrateError | SideEffectError) else UNUSABLE


_STAGES = {
    "read": "Reading the graph and the index of the checkpoint",
    "rewrite": "Rewriting the graph",
    "write": "Writing the SavedModel",
    "verify": "Comparing it with the original",
    "export": "Converting it, and comparing that with the original",
}


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """Gives a function that takes the name of each stage when it starts, and shows it with the time that it takes."""
    with _spinner() as show, _times() as note:

        def start(stage: str) -> None:
            if not isinstance(stage, Stage):  # else it has started before
                note(stage)
            show(stage)

        yield start


@contextlib.contextmanager
def _spinner() -> Iterator[Callable[[str], None]]:
    """Gives a function that shows a stage, how long it takes and how far it is; without a terminal it does nothing."""
    if not shows_progress():
        yield lambda stage: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shown = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=None)

        def show(stage: str) -> None:
            if isinstance(stage, Stage):
                elapsed = bar.tasks[0].elapsed or 0.0
                bar.update(task, description=f"{_STAGES[stage]}: {_how_far(stage, elapsed)}")
            else:
                bar.reset(task, description=_STAGES[stage])

        yield show


def _how_far(stage: Stage, elapsed: float) -> str:
    """Returns what is done of a stage, its rate and the time that remains, a phrase."""
    from rich.filesize import decimal

    rate = stage.done / max(elapsed, 1e-3)
    left = (stage.total - stage.done) / max(rate, 1)
    return f"{decimal(stage.done)} of {decimal(stage.total)}, {decimal(int(rate))}/s, {left:,.0f} s left"


@contextlib.contextmanager
def _times() -> Iterator[Callable[[str], None]]:
    """Gives a function that takes the name of each stage when it starts; -v shows how long each took."""
    started: list[tuple[str, float]] = []

    def note(stage: str) -> None:
        if started:
            name, since = started.pop()
            detail(f"{_STAGES[name]}: {time.perf_counter() - since:.2f} s")
        if stage:
            started.append((stage, time.perf_counter()))

    try:
        yield note
    finally:
        note("")


@contextlib.contextmanager
def byte_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Gives a function that takes bytes done and bytes in all, or None where stderr is no terminal."""
    if not shows_progress():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    shown = (TextColumn(title), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda count, total: bar.update(task, advance=count, total=total)


def print_report(report: object, as_json: bool) -> None:
    """Prints the report of a migration, of a graph or of a Keras model, as JSON or as tables."""
    from compat_saver.keras_models.report import KerasReport

    found = cast("MigrationReport", report)
    if as_json:
        from compat_saver.report.json_text import to_json

        click.echo(to_json(found.to_dict()))
    else:
        from compat_saver.report.keras_migration_table import render_keras
        from compat_saver.report.migration_table import render_migration
        from compat_saver.report.text import print_to_stdout

        print_to_stdout(render_keras(report) if isinstance(report, KerasReport) else render_migration(found))
