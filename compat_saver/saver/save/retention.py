"""Which checkpoints a saver keeps: the list, the state file that records it, and the deletion of the others.

The rules are those of TensorFlow's Saver. Differences: paths are literal, never glob patterns, so that `run[1]/m-0`
does not mean `run1/m-0`; a checkpoint that is also on the list under another name is not deleted; and second names that
killed processes left (see `crash_safety`) leave the list once their checkpoint is saved again.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from compat_saver.errors import ArtifactError, UsageError
from compat_saver.saver import checkpoint_management
from compat_saver.saver.errors import with_bases
from compat_saver.saver.save.crash_safety import is_second_name

_HOUR = 3600
_logger = logging.getLogger("compat_saver")


class Retention:
    """The checkpoints of a saver that were not deleted, oldest first, each with its time in seconds since 1970."""

    def __init__(self) -> None:
        self._last: list[tuple[str, float]] = []
        self._expired: list[tuple[str, float]] = []
        self._next_preserved = math.inf

    @property
    def last(self) -> list[tuple[str, float]]:
        """Prefixes and times."""
        return list(self._last)

    @property
    def names(self) -> list[str]:
        """Prefixes."""
        return [name for name, _ in self._last]

    def start_clock(self, hours: float) -> None:
        """Starts the interval after which a checkpoint beyond `max_to_keep` is kept nevertheless."""
        self._next_preserved = time.time() + hours * _HOUR

    def set_names(self, names: Sequence[str]) -> None:
        """Sets the list; as in TensorFlow, these count as saved in the future and are always preserved."""
        _require_list(names)
        self._last = [(name, math.inf) for name in names]

    def set(self, last: Sequence[tuple[str, float]]) -> None:
        """Sets the list with its times."""
        _require_list(last)
        self._last = list(last)

    def recover(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Sets the list to those of the paths that exist, with the times of their files."""
        found = [(os.fspath(path), checkpoint_management.get_checkpoint_mtimes([path])) for path in paths]
        self._last = [(path, times[0]) for path, times in found if times]

    def follow(self, names: Iterable[str]) -> None:
        """Sets the list to names from TensorFlow's saver; new names count as saved now."""
        times = dict(self._last)
        self._last = [(name, times.get(name, time.time())) for name in names]

    def record(
        self, latest: str, saver_def: Any, directory: str, *, latest_filename: str, suffix: str, is_relative: bool
    ) -> None:
        """Writes the state file with a checkpoint that was just saved, then deletes the oldest if there are too many.

        If the state file cannot be written, the list stays unchanged.

        Args:
            latest: the prefix.
            saver_def: the SaverDef, with max_to_keep, keep_checkpoint_every_n_hours and the version.
            directory: of the state file.
            latest_filename: its name.
            suffix: the ending of graphs' files.
            is_relative: whether the state file gets paths relative to its directory.

        Raises:
            ArtifactError: the state file cannot be written; also the error of tf.errors.
            RuntimeError: the checkpoint has the path of the state file (UsageError).
        """
        last, expired = self._with(latest, saver_def.max_to_keep)
        names = [name for name, _ in last]
        checkpoint_management.write_state(directory, latest, names, latest_filename, is_relative=is_relative)
        self._last, self._expired = last, expired
        self._delete_one(saver_def, suffix)

    def _with(self, latest: str, most: int) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Returns the list with one more, and what is to be deleted; `most` of 0 keeps all and lists none."""
        known = [item for item in self._last if not is_second_name(item[0], latest)]
        if not most:
            return known, self._expired
        others = [item for item in known if item[0] != latest]
        last, expired = [*others, (latest, time.time())], list(self._expired)
        if len(last) > most:
            expired.append(last.pop(0))
        return last, expired

    def _delete_one(self, saver_def: Any, suffix: str) -> None:
        """Deletes the checkpoint that is due, if any, unless it is kept by keep_checkpoint_every_n_hours."""
        if not self._expired:
            return
        name, saved_at = self._expired.pop(0)
        if saved_at > self._next_preserved:
            self._next_preserved += saver_def.keep_checkpoint_every_n_hours * _HOUR
            return
        if _place(name) in map(_place, self.names):
            return
        try:
            checkpoint_management.remove_checkpoint(name, saver_def.version, suffix)
        except ArtifactError as error:  # the new checkpoint exists nevertheless
            _logger.warning("An old checkpoint is left behind. %s", error)


def _place(prefix: str) -> Path:
    """Returns the same path for every spelling of a prefix; its last part is not a file, so links are not followed."""
    directory, name = os.path.split(prefix)
    return Path(directory).resolve() / name


def _require_list(given: object) -> None:
    if not isinstance(given, list):
        raise with_bases(
            UsageError(f"last_checkpoints: expected a list, found {type(given).__name__}."), TypeError, AssertionError
        )
