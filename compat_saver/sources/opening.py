"""The one way in which a checkpoint is opened by any path that leads to it."""

from __future__ import annotations

from os import PathLike

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.sources.resolve import resolve_checkpoint


def open_checkpoint(source: str | PathLike[str], *, needs_values: bool = True) -> Checkpoint:
    """Opens the checkpoint that a path leads to.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        needs_values: whether files that are missing are an error at once; without them names, dtypes and shapes can
            still be read.

    Raises:
        ArtifactError: there is no checkpoint, it is damaged, or files of it are missing and needed.
    """
    found = resolve_checkpoint(source)
    if needs_values:
        found.require_shards()
    return open_bundle(found.prefix)
