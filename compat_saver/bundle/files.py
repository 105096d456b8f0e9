"""Files as the readers need them: sizes known first, bytes mapped or streamed, never more than there are."""

from __future__ import annotations

import functools
import mmap
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeAlias

from compat_saver.bundle.remote_files import RemoteFile, remote_file
from compat_saver.errors import ArtifactError, FormatError, SourceNotFoundError
from compat_saver.sniff import HEAD, describe_bytes

Buffer: TypeAlias = bytes | memoryview
"""Both index to integers and slice to more of the same; a memoryview without copying."""


CHUNK = 4 << 20
"""Bytes that streaming holds at a time."""

_READ_ONLY = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)  # one of POSIX, one of Windows
_SEEKING = threading.Lock()


class DataFile:
    """One file, opened on demand, whose size is checked at every use.

    Mapped bytes are for callers who keep them. A file that is truncated after they were handed out ends the process
    (SIGBUS) when they are used, as with every memory map; `chunks` is safe from that.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @functools.cached_property
    def size(self) -> int:
        """Bytes in the file.

        Raises:
            SourceNotFoundError: there is no such file.
            ArtifactError: it is a directory, a pipe or the like.
        """
        with _system_errors(self.path):
            found = os.stat(self.path)
        if not stat.S_ISREG(found.st_mode):
            raise ArtifactError(f"{self.path}: expected a regular file, found a directory or device")
        return found.st_size

    @functools.cached_property
    def _fd(self) -> int:
        """The open file, closed when this object is gone."""
        with _system_errors(self.path):
            fd = os.open(self.path, _READ_ONLY)
        weakref.finalize(self, os.close, fd)
        return fd

    @functools.cached_property
    def _map(self) -> mmap.mmap:
        with _system_errors(self.path):
            return mmap.mmap(self._fd, self.size, access=mmap.ACCESS_READ)

    def head(self, size: int = HEAD) -> bytes:
        """Returns the first bytes, fewer where the file is shorter."""
        return b"".join(bytes(part) for part in self.chunks(0, min(size, self.size), "the head"))

    def view(self, offset: int, size: int, what: str) -> memoryview:
        """Returns mapped bytes; they stay valid as long as the view is referenced.

        Raises:
            FormatError: the file ends before them; `what` names them in the message.
        """
        self.require(offset, size, what)
        if size:
            self._refuse_truncated(offset, size, what)
            self._fetch(offset, size)
        # An empty file cannot be mapped.
        return memoryview(self._map)[offset : offset + size] if size else memoryview(b"")

    @functools.cached_property
    def _remote(self) -> RemoteFile | None:
        return remote_file(self.path)

    def _fetch(self, offset: int, size: int) -> None:
        if self._remote is not None:
            self._remote.fetch(offset, size)

    def _refuse_truncated(self, offset: int, size: int, what: str) -> None:
        """Raises FormatError if the file became shorter since it was opened: its map would end the process."""
        with _system_errors(self.path):
            now = os.fstat(self._fd).st_size
        if offset + size > now:
            self.size = now
            raise self._beyond(offset, size, what)

    def expect(self, offset: int, size: int) -> None:
        """Announces to the system that all of these mapped bytes will be read, which is faster than page by page."""
        start = offset - offset % mmap.PAGESIZE
        if size > mmap.PAGESIZE and hasattr(mmap, "MADV_WILLNEED"):  # Windows takes no advice
            self._map.madvise(mmap.MADV_WILLNEED, start, offset + size - start)

    def chunks(self, offset: int, size: int, what: str) -> Iterator[memoryview]:
        """Yields bytes in pieces of CHUNK and a shorter last one; each is valid until the next is requested.

        They are read, not mapped: pages of a map would count as memory of this process.

        Raises:
            FormatError: the file ends before them; `what` names them in the message.
        """
        self.require(offset, size, what)
        buffer = memoryview(bytearray(min(size, CHUNK)))
        for start in range(0, size, CHUNK):
            piece = buffer[: min(CHUNK, size - start)]
            self._fill(piece, offset + start, what)
            yield piece

    def _fill(self, buffer: memoryview, offset: int, what: str) -> None:
        self._fetch(offset, len(buffer))
        filled = 0
        while filled < len(buffer):
            with _system_errors(self.path):
                count = _read_at(self._fd, buffer[filled:], offset + filled)
            if count == 0:
                raise self._beyond(offset, len(buffer), what)
            filled += count

    def release(self) -> None:
        """Gives mapped pages back to the system, which reads them again when they are used again."""
        if "_map" in self.__dict__ and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def require(self, offset: int, size: int, what: str) -> None:
        """Raises FormatError unless the file holds `size` bytes at `offset`."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise self._beyond(offset, size, what)

    def refuse_foreign(self) -> None:
        """Raises NotALegacyArtifactError if the first bytes show that this is another kind of file."""
        foreign = describe_bytes(self.head(), self.size)
        if foreign is not None:
            raise foreign.error(self.path, "a checkpoint file")

    def _beyond(self, offset: int, size: int, what: str) -> FormatError:
        return FormatError(
            f"{what} is beyond the end of the file",
            path=self.path,
            offset=offset,
            expected=f"{size} bytes",
            found=f"a file of {self.size} bytes",
            hint="The file is cut short or belongs to another checkpoint; copy it again.",
        )


def _read_at(fd: int, buffer: memoryview, offset: int) -> int:
    """Reads into a buffer what stands at an offset; returns how many bytes that was, 0 at the end of the file."""
    if hasattr(os, "preadv"):
        return os.preadv(fd, [buffer], offset)
    with _SEEKING:  # Windows reads only from the position of the descriptor, which threads share
        os.lseek(fd, offset, os.SEEK_SET)
        data = os.read(fd, len(buffer))
    buffer[: len(data)] = data
    return len(data)


@contextmanager
def _system_errors(path: str) -> Iterator[None]:
    """Turns errors of the system into errors of this package."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read: {error.strerror}") from error


_P = ParamSpec("_P")


def errors_of(use: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> Iterator[ArtifactError]:
    """Yields the error that a call raises, if it raises one."""
    try:
        use(*args, **kwargs)
    except ArtifactError as error:
        yield error
