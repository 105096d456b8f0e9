"""Runs TensorFlow for a limited time, and so that Ctrl-C and SIGTERM are answered meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from compat_saver.errors import TimeLimitError

_Result = TypeVar("_Result")

_GRACE = 2.0
"""Seconds that a run gets to notice that it was canceled. A loop of small ops, or one kernel, never does."""


def within(seconds: float, what: str, call: Callable[[], _Result]) -> _Result:
    """Returns what a call returns, made in a thread of its own.

    Python handles signals in its main thread, between two of its own instructions: none while that computes in
    TensorFlow. A call that does not end is left behind.

    Args:
        seconds: how long to wait.
        what: the subject of the message, such as "The original graph".
        call: should end by itself at about that time.

    Raises:
        TimeLimitError: it did not end in time.
        Exception: what the call raised.
    """
    future: Future[_Result] = Future()
    threading.Thread(target=_resolve, args=(future, call), daemon=True).start()
    try:
        return future.result(seconds + _GRACE)
    except FutureTimeoutError:
        if future.done():  # raised by the call itself
            raise
        raise time_limit_error(seconds, what) from None


def _resolve(future: Future[_Result], call: Callable[[], _Result]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)


def time_limit_error(seconds: float, what: str) -> TimeLimitError:
    """Returns the exception for a run that did not end in time."""
    return TimeLimitError(
        f"{what} did not finish within {seconds:g} seconds: a loop that does not end on these inputs, a queue that "
        "nothing fills, or more work than that. Give other inputs with --verify-data FILE.npz, more time with "
        "--timeout SECONDS, or migrate with --no-verify."
    )
