"""Directories in which outputs are made, and what becomes of those whose process was killed.

A staging directory is beside the output, and its name says who owns it: process, its start time, machine. It holds
`model`, which is being written, and, where the system cannot exchange two directories, for a moment `replaced`: the
output that the model replaces.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

_NAME = ".{}.staging-{}-{}-{}-{}"
_OWNER = re.compile(r"(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}")
_AT_FDCWD, _EXCHANGE = -100, 2
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_unfinished: dict[Path, int] = {}
"""The staging directories that are still to be removed, with the process that made each."""


def make_staging(output: Path) -> Path:
    """Makes a staging directory of this process beside an output.

    Raises:
        OSError: it cannot be made.
    """
    pid = os.getpid()
    work = output.parent / _NAME.format(output.name, pid, _start_time(pid), _machine(), os.urandom(4).hex())
    _unfinished[work] = pid
    work.mkdir(mode=0o700)
    return work


def remove_staging(work: Path) -> None:
    """Removes a staging directory that `make_staging` made."""
    shutil.rmtree(work, ignore_errors=True)
    _unfinished.pop(work, None)


@atexit.register
def _remove_unfinished() -> None:
    """Removes what an interrupt left behind: one may arrive just before, or while, a directory is removed."""
    for work, pid in list(_unfinished.items()):
        if pid == os.getpid():
            remove_staging(work)


def remove_abandoned(output: Path) -> None:
    """Removes the staging directories of processes that are gone; an output that one had moved aside comes back.

    Those of other machines are left alone: whether their processes run cannot be seen from here.
    """
    for work in _abandoned(output):
        if (work / "replaced").exists() and not os.path.lexists(output):
            (work / "replaced").rename(output)
        shutil.rmtree(work, ignore_errors=True)


def _abandoned(output: Path) -> Iterator[Path]:
    prefix = f".{output.name}.staging-"
    names = [name for name in os.listdir(output.parent) if name.startswith(prefix)]
    for name in names:
        owner = _OWNER.fullmatch(name.removeprefix(prefix))
        if owner is not None and owner[3] == _machine() and not _is_running(int(owner[1]), int(owner[2])):
            yield output.parent / name


def _is_running(pid: int, start: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and belongs to another user
    return _start_time(pid) == start


def _start_time(pid: int) -> int:
    """Returns when a process started, in ticks since the machine did; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[19])


def _machine() -> str:
    """Returns what tells this machine, or this container, from others that may write to the same directory."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{socket.gethostname()} {namespace}".encode()).hexdigest()[:8]


def replace_directory(new: Path, output: Path, aside: Path) -> None:
    """Gives a directory the name of another in one step, so that there is always one of the two.

    Where the system cannot exchange them, the old one is moved aside first; `remove_abandoned` brings it back if the
    process is killed in between.

    Args:
        new: the directory; the old one may have its name afterwards.
        output: the old one; it may be absent.
        aside: a name for the old one.

    Raises:
        OSError: it cannot be renamed; the old one is where it was.
    """
    if not os.path.lexists(output):
        new.rename(output)
    elif not _exchange(new, output):
        output.rename(aside)
        try:
            new.rename(output)
        except OSError:
            aside.rename(output)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names; returns False where the system, or the file system, cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))
