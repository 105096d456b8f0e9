"""Local stand-ins of remote files: as large as they are, without their content, which is fetched where it is read.

A list of them is stored in a file whose path is in the environment, so that child processes know them as well. Nothing
but this program adds to that list: a directory of a stranger cannot name a server to connect to.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compat_saver.errors import ArtifactError

_LIST = "COMPAT_SAVER_REMOTE_FILES"
_BLOCK = 1 << 20


class RemoteFile:
    """The content of a stand-in.

    Args:
        path: the stand-in.
        url: the file.
    """

    def __init__(self, path: str, url: str) -> None:
        self._path, self._url = path, url
        self._blocks: set[int] = set()

    def fetch(self, offset: int, size: int) -> None:
        """Makes sure that some bytes are in the stand-in; whole blocks are fetched, neighbors in one request.

        Raises:
            ArtifactError: they cannot be fetched.
        """
        wanted = range(offset // _BLOCK, -(-(offset + size) // _BLOCK))
        missing = [block for block in wanted if block not in self._blocks]
        while missing:
            count = next((i for i, block in enumerate(missing) if block != missing[0] + i), len(missing))
            self._fetch_blocks(missing[0], count)
            missing = missing[count:]

    def _fetch_blocks(self, first: int, count: int) -> None:
        start = first * _BLOCK
        end = min(start + count * _BLOCK, os.path.getsize(self._path))
        with remote_errors(self._url):
            system, name = file_system(self._url)
            data = system.cat_file(name, start=start, end=end)
        if len(data) != end - start:
            raise ArtifactError(f"{self._url}: expected {end - start:,} bytes at {start:,}, received {len(data):,}.")
        with open(self._path, "r+b") as file:
            file.seek(start)
            file.write(data)
        self._blocks.update(range(first, first + count))


def stand_in(url: str, path: Path, size: int) -> None:
    """Makes a file that stands for a remote one."""
    with path.open("wb") as file:
        file.truncate(size)
    with open(os.environ[_LIST], "a", encoding="utf-8") as file:
        file.write(json.dumps([str(path), url]) + "\n")


def start_list(path: Path) -> None:
    """Makes the list of stand-ins, which this process and its children read."""
    path.touch()
    os.environ[_LIST] = str(path)


def remote_file(path: str) -> RemoteFile | None:
    """Returns what a file stands for; None for all files that are there themselves."""
    known = os.environ.get(_LIST)
    if known is None:
        return None
    url = _listed(known, os.path.getsize(known)).get(os.path.abspath(path)) if os.path.isfile(known) else None
    return None if url is None else _remote_file(path, url, os.getpid())


@functools.lru_cache(maxsize=1024)
def _remote_file(path: str, url: str, pid: int) -> RemoteFile:
    del pid  # a child process does not know what this one fetches from now on
    return RemoteFile(path, url)


@functools.lru_cache(maxsize=4)
def _listed(path: str, size: int) -> dict[str, str]:
    """Returns the list; it only grows, so its size tells whether it has changed."""
    del size
    return dict(json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines())


def file_system(url: str) -> tuple[Any, str]:
    """Returns fsspec's file system of a URL, made anew in every process, and the name of the file in it.

    Raises:
        ArtifactError: fsspec, or what it needs for the protocol, is not installed.
    """
    return _file_system(url.partition("://")[0], url, os.getpid())


@functools.lru_cache(maxsize=64)
def _file_system(protocol: str, url: str, pid: int) -> tuple[Any, str]:
    del pid
    try:
        import fsspec

        system, name = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ArtifactError(
            f"{url}: paths of {protocol}:// are read with fsspec, which cannot be used here ({error}). "
            "Install it with: pip install 'compat-saver[remote]'"
        ) from None
    except ValueError as error:
        raise ArtifactError(f"{url}: {error}") from None
    return system, name


@contextlib.contextmanager
def remote_errors(url: str) -> Iterator[None]:
    """Turns whatever a file system raises into an error that names the file."""
    try:
        yield
    except ArtifactError:
        raise
    except Exception as error:  # each protocol has exceptions of its own
        raise ArtifactError(f"{url}: cannot be read: {type(error).__name__}: {error}") from error
