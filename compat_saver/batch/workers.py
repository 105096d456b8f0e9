"""An executor of processes that outlive their calls: one that crashes, hangs or grows too large costs its call only.

The executors of concurrent.futures break as a whole when one of their processes ends: every call that waits is lost
with it, and it is not known whose fault it was. Here a process has one call at a time, so that is known.

Workers are forked from a process that has imported TensorFlow and done nothing with it, so that one is replaced within
a moment. As with every other way to start processes but a plain fork, a script that is run has to have its main part
under `if __name__ == "__main__":`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import re
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from compat_saver.errors import CompatSaverError, CrashError, MemoryLimitError, TimeLimitError
from compat_saver.isolation import used_memory

_P = ParamSpec("_P")
_R = TypeVar("_R")
_PRELOADED = "compat_saver.batch.preload"
_PAUSE = 0.2
_RETIRED_ABOVE = 1 << 30
"""Bytes of memory with which a worker is replaced after a call: what large models leave behind is rarely given back."""

_GRACE = 3.0
_FATAL = re.compile(r"(?:Check failed|Fatal Python error|terminate called|what\(\)).*")


class Workers(Executor):
    """Some processes that take one call after another.

    Args:
        count: how many.
        memory: bytes that all of them together may have; beyond that the largest one is ended. None for no limit.
        seconds: how long a call may take; then its process is ended. None for no limit.
    """

    def __init__(self, count: int, memory: int | None = None, seconds: float | None = None) -> None:
        self._threads = ThreadPoolExecutor(count, "compat_saver worker")
        self._of_thread = threading.local()
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._seconds = seconds
        if memory is not None:
            threading.Thread(target=self._watch, args=(memory,), daemon=True).start()

    def submit(self, fn: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_R]:
        """Calls a function in a process that has no other call meanwhile; see `_Worker.call`."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def _call(self, function: Callable[..., _R], args: Any, kwargs: Any) -> _R:
        worker = self._own_worker()
        try:
            return worker.call(function, args, kwargs, self._seconds)
        finally:
            if worker.is_spent:
                self._dismiss(worker)

    def _own_worker(self) -> _Worker:
        worker: _Worker | None = getattr(self._of_thread, "worker", None)
        if worker is None or worker.is_spent:
            with self._lock:
                if self._closed.is_set():
                    raise CrashError("The workers were stopped.")
                worker = self._of_thread.worker = _Worker()
                self._workers.add(worker)
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.stop()

    def _watch(self, memory: int) -> None:
        while not self._closed.wait(_PAUSE):
            with self._lock:
                sizes = {worker: worker.memory for worker in self._workers}
            if sum(sizes.values()) > memory:
                largest = max(sizes, key=lambda worker: sizes[worker])
                found = f"The process had {sizes[largest]:,} bytes of memory, and all workers more than {memory:,}."
                largest.end(MemoryLimitError(found))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stops the processes; those that have a call end it first if `wait` is set, and are terminated otherwise."""
        if not wait:
            self._closed.set()
            with self._lock:
                stopped = list(self._workers)
            for worker in stopped:
                worker.stop()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures or not wait)
        self._closed.set()
        for worker in list(self._workers):
            worker.stop()


class _Worker:
    """A process, the pipe to it, and the file that takes what it prints."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_PRELOADED])
        self._printed = tempfile.NamedTemporaryFile(prefix="compat_saver-worker-")  # noqa: SIM115  # closed in `stop`
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, self._printed.name), daemon=True)
        self._process.start()
        end.close()
        self._beyond: CompatSaverError | None = None
        self._is_stopped = False
        self.is_spent = False

    def call(self, function: Callable[..., _R], args: Any, kwargs: Any, seconds: float | None) -> _R:
        """Returns what a call returned, or raises what it raised.

        Raises:
            TimeLimitError: it took too long; the process is ended.
            CrashError: the process ended.
            MemoryLimitError: it was ended, for the workers had more memory than they may.
        """
        try:
            self._pipe.send((function, args, kwargs))
            if not wait([self._pipe, self._process.sentinel], seconds):
                self.end(TimeLimitError(f"The model took more than {seconds:g} seconds (--time-per-model)."))
            value, error, self.is_spent = self._pipe.recv()
        except (EOFError, OSError):
            self.is_spent = True
            self._process.join(_GRACE)
            if self._beyond is not None:
                raise self._beyond from None
            raise CrashError(f"The process ended before it was done: {self._last_words()}.") from None
        self.is_spent |= self.memory > _RETIRED_ABOVE
        if error is not None:
            raise error
        result: _R = value
        return result

    @property
    def memory(self) -> int:
        """How many bytes of memory the process uses; 0 where the system does not say."""
        return used_memory(self._process.pid or 0)

    def end(self, beyond: CompatSaverError) -> None:
        """Kills the process, whatever it does; its call raises the error, which says what limit it exceeded."""
        self._beyond = beyond
        self._process.kill()

    def stop(self) -> None:
        """Ends the process; a call in it gets the time to remove what it has half written."""
        self._is_stopped = True
        self._pipe.close()
        self._process.terminate()
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._printed.close()

    def _last_words(self) -> str:
        """Returns how the process ended, with the line that it printed on that."""
        if self._is_stopped:
            return "it was stopped"
        code = self._process.exitcode
        is_signal = code is not None and code < 0
        how = signal.Signals(-code).name if code is not None and is_signal else f"exit code {code}"
        said = _FATAL.findall(Path(self._printed.name).read_text(errors="replace"))
        return f"{how}, {said[0].strip().rstrip('.')}" if said else how


def _serve(pipe: Connection, printed: str) -> None:
    """Takes calls until the other end is closed; the main function of a worker."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file = os.open(printed, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    faulthandler.enable()
    with contextlib.suppress(EOFError, KeyboardInterrupt, OSError):
        for function, args, kwargs in _received(pipe):
            value, error = None, None
            try:
                value = function(*args, **kwargs)
            except Exception as caught:
                error = caught
            is_spent = threading.active_count() > 1  # a run that did not end in time goes on in a thread
            pipe.send((value, error, is_spent))
    os._exit(0)  # a thread in TensorFlow that never ends keeps Python from ending


def _received(pipe: Connection) -> Iterator[Any]:
    while True:
        yield pipe.recv()
