"""The destination of a save: the names of the files, as TensorFlow's Saver makes them."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from compat_saver.errors import UsageError
from compat_saver.saver.checkpoint_management import is_remote, stem_of
from compat_saver.saver.save.crash_safety import protected
from compat_saver.sources.checkpoint_files import prefix_path

_MEANT_BY_GLOB = re.compile(r"[*?\[\\]")


@dataclass(frozen=True)
class Destination:
    """The names of the files to write.

    Attributes:
        prefix: of the checkpoint, with its step.
        state_file: the name of the state file, in the checkpoint's directory.
        meta: the graph's file.
    """

    prefix: str
    state_file: str
    meta: str

    @staticmethod
    def of(path: str, step: int | None, latest_filename: str, suffix: str, *, is_padded: bool) -> Destination:
        """Returns the names for a prefix without its step."""
        number = "" if step is None else f"-{step:08d}" if is_padded else f"-{step:d}"
        prefix = f"{path}{number}"
        meta = f"{stem_of(prefix)}.{suffix}"
        return Destination(prefix, os.path.join(os.path.dirname(path), latest_filename), meta)

    @property
    def is_there(self) -> bool:
        """Whether its directory exists and this process can access it."""
        return not is_remote(self.prefix) and os.path.isdir(os.path.dirname(self.prefix) or ".")

    def protected(self) -> contextlib.AbstractContextManager[None]:
        """Returns the context in which to write: see `crash_safety`."""
        debug = f"{os.path.splitext(self.meta)[0]}.debug"
        return protected(prefix_path(self.prefix), Path(self.state_file), [Path(self.meta), Path(debug)])


def is_pattern(prefix: str) -> bool:
    """Whether TensorFlow would take the prefix for a glob pattern, and so find other files."""
    return _MEANT_BY_GLOB.search(stem_of(prefix)) is not None


def require_names(path: str, latest_filename: str, *, is_sharded: bool, is_numbered: bool) -> None:
    """Raises a UsageError if the checkpoint has no name, or the state file has a path or the name of the checkpoint."""
    if not path and not is_numbered:
        raise UsageError(
            "save_path: expected a prefix for the names of the files, such as 'run/model.ckpt', found an empty one."
        )
    if os.path.split(latest_filename)[0]:
        raise UsageError(
            f"latest_filename: expected a name without a path, found {latest_filename!r}; the state file is always "
            "in the directory of the checkpoint."
        )
    if not is_numbered and not is_sharded and os.path.basename(path) == latest_filename:
        raise UsageError(
            f"latest_filename: {latest_filename!r} collides with save_path, {path!r}. Save under another name, or give "
            "the state file another one."
        )
