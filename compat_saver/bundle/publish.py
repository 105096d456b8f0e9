"""Files that appear together or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from compat_saver.errors import OutputExistsError


class Publication:
    """Files written under temporary names beside their own, and renamed when all are complete.

    The last path decides: where it exists, the others are complete. A failure before `publish` leaves nothing behind. A
    crash of the machine can leave files that end in `.tempstate` and digits, and while an old set is being replaced,
    new files without the last one: never an old last file with new others.
    """

    def __init__(self, paths: Sequence[str], *, overwrite: bool = False) -> None:
        self._paths = list(paths)
        if not overwrite and os.path.lexists(self._paths[-1]):
            raise OutputExistsError(f"{self._paths[-1]} is already there")
        suffix = f".tempstate{os.urandom(8).hex()}"
        self._temporary = [path + suffix for path in paths]
        self.files: list[BinaryIO] = []
        self._folders = _make_folders(os.path.dirname(os.path.abspath(paths[-1])))
        try:
            for path in self._temporary:
                self.files.append(open(path, "xb"))  # noqa: SIM115  closed by publish or abandon
        except BaseException:
            self.abandon()
            raise

    def publish(self) -> None:
        """Makes all files durable and gives them their names, the last one last."""
        *others, (last_temporary, last) = zip(self._temporary, self._paths, strict=True)
        done: list[str] = []
        try:
            for file in self.files:
                file.flush()
                os.fsync(file.fileno())
                file.close()
            _remove([last])
            for temporary, path in others:
                os.replace(temporary, path)
                done.append(path)
            os.replace(last_temporary, last)
        except BaseException:
            _remove(done)
            self.abandon()
            raise
        _sync_folder(os.path.dirname(os.path.abspath(last)))

    def abandon(self) -> None:
        """Removes everything that was written, and the folders that were made for it."""
        for file in self.files:
            file.close()
        _remove(self._temporary)
        for folder in self._folders:
            try:
                os.rmdir(folder)
            except OSError:
                return  # somebody else uses it


def _make_folders(path: str) -> list[str]:
    """Makes a folder and those above it; returns the new ones, innermost first."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        os.mkdir(folder)
    return missing


def _remove(paths: Sequence[str]) -> None:
    for path in paths:
        if os.path.lexists(path):
            os.unlink(path)


def _sync_folder(path: str) -> None:
    """Makes renames in a folder durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
