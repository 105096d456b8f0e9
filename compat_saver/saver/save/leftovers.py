"""What a save that failed leaves behind: files that it began, and those of TensorFlow's that wait to be renamed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

ENDINGS = (r"-\d{5}-of-\d{5}", r"\.data-\d{5}-of-\d{5}", r"\.index")
"""What the names of a checkpoint's files end with, as regular expressions; the file of V1 ends with nothing."""

# NAME.tempstate123 becomes NAME when it is complete, and so does NAME.tmp1a2b3c.
_UNFINISHED = r"(\.tempstate\d*|\.tmp[0-9a-f]+)?"
# Shards wait in a directory of their own to be merged.
_WAITING = re.compile(r"part-\d{5}-of-\d{5}(\.data-\d{5}-of-\d{5}|\.index)?(\.tempstate\d*)?")


class Litter:
    """The files of one save that were not there before it began.

    Args:
        stem: what the names of all files of the checkpoint begin with.
        besides: the files that are written with it.
    """

    def __init__(self, stem: Path, besides: Sequence[Path]) -> None:
        self._folder, self._waiting = stem.parent, stem.with_name(f"{stem.name}_temp")
        own = f"{re.escape(stem.name)}({'|'.join(ENDINGS)})?"
        names = "|".join([own, *(re.escape(path.name) for path in besides)])
        self._pattern = re.compile(f"({names}){_UNFINISHED}", re.DOTALL)
        self._before = self._names()

    def _names(self) -> set[str] | None:
        try:
            return set(os.listdir(self._folder))
        except OSError:  # whoever may not look into a directory may yet write to it
            return None

    def remove(self) -> None:
        """Removes them, as far as it can."""
        names = self._names()
        if names is None or self._before is None:
            return
        new = names - self._before
        for name in new:
            if self._pattern.fullmatch(name):
                _remove(self._folder / name)
        if self._waiting.name in new:
            with contextlib.suppress(OSError):
                for path in list(self._waiting.iterdir()):
                    if _WAITING.fullmatch(path.name):
                        _remove(path)
                self._waiting.rmdir()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
