"""Runs a function in a child process: what ends that process is an error here, and it never outlives this one.

TensorFlow can end the process that it runs in: by a failed check, an op that aborts, memory that is used up. A run that
does not end cannot be stopped from inside either. A child can be killed.

There are two ways to start it:

1. A fork, which has everything that the function needs, so that only its result is pickled.
2. A fresh interpreter, where a fork would lose threads: this process has TensorFlow, or threads of its own. The
   function is pickled. Daemon threads do not count; the one that draws the progress holds no lock that the child takes.

Both exist on Linux alone, where a child can ask to be killed with its parent.

The memory limit is watched, not set. Measured with TensorFlow 2.21: RLIMIT_AS and RLIMIT_DATA count what is reserved
(990 and 250 MB after the import, of which 180 MB are in use), and make one allocation fail, which TensorFlow reports as
a graph that does not run, or aborts. What a machine runs out of is anonymous memory in use: a child that filled 3 GB
was killed 3 MB above a limit of 1.5 GB.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from compat_saver.errors import CompatSaverError, CrashError, MemoryLimitError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_Result = TypeVar("_Result")

Progress = Callable[[str], None]
"""Called with the name of each stage, which may be a `Stage`."""


class Stage(str):
    """The name of a stage, with how far it is.

    Attributes:
        done: bytes.
        total: bytes that there will be in all.
    """

    done: int
    total: int

    @classmethod
    def at(cls, name: str, done: int, total: int) -> Stage:
        """Makes one."""
        stage = cls(name)
        stage.done, stage.total = done, total
        return stage


_INTERVAL = 0.05
"""Seconds between two looks at the child: whether it lives, and how much memory it uses."""
_PROGRESS, _RETURNED, _RAISED = "progress", "returned", "raised"
_SET_PARENT_DEATH_SIGNAL = 1
_IMPORT = "import sys; sys.path[:] = {!r}; from compat_saver.isolation import "
_FRESH = _IMPORT + "serve; serve({!r}, {!r})"
_MODULE = _IMPORT + "end_with; end_with({!r}); import runpy; runpy.run_module({!r}, None, '__main__', True)"


class ChildError(Exception):
    """A bug: the function raised what is no error of this package.

    Attributes:
        frames: (file, line) of each call, the innermost last.
    """

    def __init__(self, message: str, frames: list[tuple[str, int]]) -> None:
        super().__init__(message, frames)
        self.frames = frames

    def __str__(self) -> str:
        return str(self.args[0])


def is_supported() -> bool:
    """Whether this system has such children."""
    return sys.platform == "linux"


def has_tensorflow() -> bool:
    """Whether this process has imported TensorFlow."""
    return "tensorflow" in sys.modules


def run_in_child(
    call: Callable[[Progress], _Result],
    progress: Progress,
    *,
    memory: int | None = None,
    advice: str = "",
    folder: Path | None = None,
) -> _Result:
    """Returns what a function returns in a child process.

    Args:
        call: takes a function to report its progress with; it is pickled if the child is a fresh interpreter.
        progress: called in this process with each such report; the child waits for it.
        memory: the bytes that the child may use.
        advice: the last sentence of the message if the child dies: what the user can do.
        folder: where to put its temporary files, which are removed at the end; None for the system's place.

    Raises:
        CrashError: the child ended without a result.
        MemoryLimitError: it used more memory than it may.
        ChildError: the function raised an error that is not of this package, nor an OSError.
        Exception: what it raised.
    """
    from multiprocessing import Pipe

    ours, theirs = Pipe()
    with ours, tempfile.TemporaryDirectory(prefix="compat-saver-", dir=folder) as scratch:
        with theirs:
            start = _start_fresh if has_tensorflow() or _has_threads() else _fork
            child = _Child(start(call, theirs, scratch), memory, advice)
        try:
            result: _Result = _followed(child, ours, progress)
            return result
        finally:
            child.end()


def _has_threads() -> bool:
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.current_thread())


def _followed(child: _Child, channel: Connection, progress: Progress) -> Any:
    while True:
        if not channel.poll(_INTERVAL):
            if not child.is_running() and not channel.poll():
                raise child.crash()
            continue
        try:
            kind, value = channel.recv()
        except (EOFError, ConnectionError):
            raise child.crash() from None
        if kind == _RAISED:
            raise value
        if kind == _RETURNED:
            return value
        progress(value)
        channel.send(None)


class _Child:
    """A running child process."""

    def __init__(self, pid: int, memory: int | None, advice: str) -> None:
        self._pid, self._memory, self._advice = pid, memory, advice
        self._status: int | None = None

    def is_running(self) -> bool:
        """Whether the child still runs.

        Raises:
            MemoryLimitError: it uses too much memory.
        """
        if self._memory is not None and (used := used_memory(self._pid)) > self._memory:
            raise MemoryLimitError(
                f"The process that ran the model used {used / 1e6:,.0f} MB of memory; {self._memory / 1e6:,.0f} MB are "
                f"allowed (--memory). {self._advice}".rstrip()
            )
        self._wait(os.WNOHANG)
        return self._status is None

    def end(self) -> None:
        """Kills it; when this returns, it does nothing more."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._wait(0)

    def crash(self) -> CrashError:
        """Returns the error of a child that ended without a result."""
        self._wait(0)
        code = os.waitstatus_to_exitcode(self._status or 0)
        return CrashError(f"The process that ran the model {_how_it_ended(code)} {self._advice}".rstrip())

    def _wait(self, flags: int) -> None:
        if self._status is None:
            pid, status = os.waitpid(self._pid, flags)
            self._status = status if pid else None


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL): the system does that when memory runs out."
    if code < 0:
        name = signal.Signals(-code).name
        return f"was ended by {name}: a check in TensorFlow failed, or an op aborted; what it wrote is above."
    return f"ended with exit code {code} and no result: an op of the graph ended it."


def used_memory(pid: int) -> int:
    """Returns the bytes of memory that a process uses, and that are not the contents of files."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it is gone
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


# ---- starting it


def _fork(call: Callable[[Progress], object], channel: Connection, scratch: str) -> int:
    parent = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of daemon threads, see above
        pid = os.fork()
    if pid:
        return pid
    gc.freeze()  # what the parent made stays, and need not be searched for garbage
    try:
        _serve(call, channel, parent, scratch)
    finally:
        os._exit(1)  # whatever happens, nothing of the parent goes on in the child


def _start_fresh(call: Callable[[Progress], object], channel: Connection, scratch: str) -> int:
    job = os.path.join(scratch, "job")
    with open(job, "wb") as file:
        pickle.dump((call, os.getpid(), scratch), file)
    os.set_inheritable(channel.fileno(), True)
    code = _FRESH.format(_search_path(), channel.fileno(), job)
    return os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)


def _search_path() -> list[str]:
    return [os.path.abspath(item) for item in sys.path]


def module_command(module: str) -> list[str]:
    """Returns a command that runs a module as `python -m` does, in a process that ends with this one."""
    if not is_supported():
        return [sys.executable, "-m", module]
    return [sys.executable, "-c", _MODULE.format(_search_path(), os.getpid(), module)]


def serve(number: int, job: str) -> None:
    """Runs in a fresh interpreter what `run_in_child` pickled.

    Args:
        number: the file descriptor of the channel.
        job: the file that holds the function.
    """
    from multiprocessing.connection import Connection

    with open(job, "rb") as file:
        call, parent, scratch = pickle.load(file)
    _serve(call, Connection(number), parent, scratch)


def _serve(call: Callable[[Progress], object], channel: Connection, parent: int, scratch: str) -> None:
    """Runs a function and sends what came of it; its temporary files are those of the parent to remove."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with(parent)
    tempfile.tempdir = scratch

    def progress(stage: str) -> None:
        channel.send((_PROGRESS, stage))
        channel.recv()

    try:
        done = pickle.dumps((_RETURNED, call(progress)))
    except BaseException as error:
        done = pickle.dumps((_RAISED, _portable(error)))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    channel.send_bytes(done)


def end_with(parent: int) -> None:
    """Has the system kill this process when the thread that started it ends."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that
        os._exit(1)


def _portable(error: BaseException) -> BaseException:
    """Returns an error that can be unpickled without TensorFlow."""
    if isinstance(error, CompatSaverError | OSError):
        return error
    if isinstance(error, MemoryError):
        return MemoryLimitError(f"Memory ran out in the process that ran the model: {error}")
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    return ChildError(f"{type(error).__name__}: {error}", frames)
