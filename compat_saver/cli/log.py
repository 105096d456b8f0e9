"""How much a command says: -q, -v, --debug and --log-file, which every command takes, before or after its own options.

Results go to stdout whatever is wanted. stderr gets errors only with -q, summaries and progress by default, also stages
and their times with -v, and with --debug what TensorFlow prints and the traceback of a bug. The file gets all messages.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from dataclasses import dataclass
from typing import IO, Any

import click

from compat_saver.errors import printable


@dataclass
class _Settings:
    """What the user wants of the command that is running."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    file: IO[str] | None = None


_wanted = _Settings()


def put(text: str) -> None:
    """Prints a result."""
    click.echo(printable(text))


def say(text: str) -> None:
    """Prints a summary."""
    _record("info", text)
    if not _wanted.quiet:
        click.echo(printable(text), err=True)


def detail(text: str) -> None:
    """Prints what only -v shows."""
    _record("detail", text)
    if _wanted.verbose and not _wanted.quiet:
        click.echo(printable(text), err=True)


def complain(text: str, *, is_bug: bool = False) -> None:
    """Prints what went wrong, which nothing silences; the file gets the traceback of a bug, with --debug any."""
    _record("error", text)
    if _wanted.file is not None and (is_bug or _wanted.debug) and sys.exc_info()[0] is not None:
        _record("error", traceback.format_exc())
    click.echo(printable(text), err=True)


def shows_progress() -> bool:
    """Whether bars and spinners may be drawn: stderr is a terminal, and the user wants them."""
    return sys.stderr.isatty() and not _wanted.quiet


def is_debugging() -> bool:
    """Whether the user wants the traceback of a bug."""
    return _wanted.debug


def _record(level: str, text: str) -> None:
    if _wanted.file is None:
        return
    try:
        _write(_wanted.file, level, text)
    except OSError as problem:  # a full disk costs the log, not the command
        file = _wanted.file
        _close()
        click.echo(f"Nothing more is logged: {file.name}: {problem.strerror}", err=True)


def _write(file: IO[str], level: str, text: str) -> None:
    file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {level}: {text}\n")
    file.flush()


def _close() -> None:
    if _wanted.file is not None:
        with contextlib.suppress(OSError):
            _wanted.file.close()
        _wanted.file = None


def _reset() -> None:
    _close()
    vars(_wanted).update(vars(_Settings()))


def _set(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().call_on_close(_reset)  # a process may run several commands
        setattr(_wanted, str(param.name), True)
        if param.name == "debug":
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = "0"


def _open_file(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    try:
        file = open(value, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # closed by `_reset`
        _write(file, "info", f"compat-saver {' '.join(sys.argv[1:])}")
    except OSError as problem:
        raise click.BadParameter(f"{value} cannot be written: {problem.strerror}", ctx, param) from None
    _wanted.file = file
    ctx.find_root().call_on_close(_reset)


def log_options(*, hidden: bool = False) -> list[click.Option]:
    """Returns the options.

    Args:
        hidden: whether `--help` leaves them out, as that of each single command does.
    """
    shared: dict[str, Any] = {"expose_value": False, "is_eager": True, "hidden": hidden}
    flag = {**shared, "is_flag": True, "callback": _set}
    return [
        click.Option(["-q", "--quiet"], help="Print errors and results only.", **flag),
        click.Option(["-v", "--verbose"], help="Print each stage, and how long it took.", **flag),
        click.Option(["--debug"], help="Print what TensorFlow prints, and the traceback of a bug.", **flag),
        click.Option(
            ["--log-file"],
            metavar="FILE",
            callback=_open_file,
            help="Append all messages to a file, with times.",
            **shared,
        ),
    ]
