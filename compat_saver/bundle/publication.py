"""Files that appear together or not at all."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from compat_saver.errors import OutputExistsError

_UNFINISHED = ".tempstate"


class _NamedFile(io.FileIO):
    """A new file whose errors say its path, which those of writing otherwise do not."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "xb")
        self._path = path.partition(_UNFINISHED)[0]

    def write(self, data: Any) -> int:
        """Writes, or raises an OSError with the path that the file is to have."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = self._path
            raise


class Publication:
    """Files written under temporary names beside their own, and renamed when all are complete.

    The last path decides: where it exists, the others are complete. A failure before `publish` leaves nothing behind. A
    crash of the machine can leave files with `.tempstate` in their names, those that end in `old` being the older set;
    there is never an old last file with new others.
    """

    def __init__(self, paths: Sequence[str], *, overwrite: bool = False) -> None:
        self._paths = list(paths)
        if not overwrite and os.path.lexists(self._paths[-1]):
            raise OutputExistsError(f"{self._paths[-1]} is already there")
        self._suffix = f"{_UNFINISHED}{os.urandom(8).hex()}"
        self._temporary = [path + self._suffix for path in paths]
        self.files: list[BinaryIO] = []
        self._folders = _make_folders(os.path.dirname(os.path.abspath(paths[-1])))
        try:
            for path in self._temporary:
                self.files.append(io.BufferedWriter(_NamedFile(path)))  # closed by publish or abandon
        except BaseException:
            self.abandon()
            raise

    def publish(self) -> None:
        """Makes all files durable and gives them their names, the last one last.

        Older files of these names are moved aside first and come back if anything fails.

        Raises:
            OutputExistsError: something that is no file has one of the names.
        """
        aside: dict[str, str] = {}
        done: list[str] = []
        try:
            for file in self.files:
                file.flush()
                os.fsync(file.fileno())
                file.close()
            _refuse_folders(self._paths)
            if len(self._paths) > 1:  # one file alone is replaced in one step
                for path in reversed(self._paths):
                    if os.path.lexists(path):
                        aside[path] = path + self._suffix + "old"
                        os.replace(path, aside[path])
            for temporary, path in zip(self._temporary, self._paths, strict=True):
                os.replace(temporary, path)
                done.append(path)
        except BaseException:
            if len(done) < len(self._paths):
                _remove([path for path in done if path not in aside])
                _bring_back(aside, self._paths)
            _remove(list(aside.values()))
            self.abandon()
            raise
        _remove(list(aside.values()))
        _sync_folder(os.path.dirname(os.path.abspath(self._paths[-1])))

    def abandon(self) -> None:
        """Removes everything that was written, and the folders that were made for it."""
        for file in self.files:
            with contextlib.suppress(OSError):  # what is buffered still does not fit on a full disk
                file.close()
        _remove(self._temporary)
        for folder in self._folders:
            try:
                os.rmdir(folder)
            except OSError:
                return  # it is used by others


def _make_folders(path: str) -> list[str]:
    """Makes a folder and those above it; returns the new ones, innermost first."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        os.mkdir(folder)
    return missing


def _refuse_folders(paths: Sequence[str]) -> None:
    for path in paths:
        if os.path.isdir(path):
            raise OutputExistsError(f"{path} is a directory, where a file of that name is to be written")


def _bring_back(aside: Mapping[str, str], paths: Sequence[str]) -> None:
    """Gives moved files their names again, the last one last."""
    for path in paths:
        if path in aside and os.path.lexists(aside[path]):
            os.replace(aside[path], path)


def _remove(paths: Sequence[str]) -> None:
    for path in paths:
        if os.path.lexists(path):
            os.unlink(path)


def _sync_folder(path: str) -> None:
    """Makes renames in a folder durable, where the system can open a folder: Windows cannot."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
