"""The `checkpoint` file of a directory, written as a Saver writes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

from compat_saver.proto.checkpoint_state import make_checkpoint_state, write_state_message

Path = str | PathLike[str]


def write_checkpoint_state(
    directory: Path, latest: Path, paths: Sequence[Path] = (), *, latest_filename: str = "checkpoint", **options: Any
) -> str:
    """Writes the state file and returns its path; options as make_checkpoint_state has them."""
    target = os.path.join(fspath(directory), latest_filename)
    return write_state_message(target, make_checkpoint_state(directory, latest, paths, **options))
