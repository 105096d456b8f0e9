"""Opening the checkpoints that an operation reads."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.errors import UsageError
from compat_saver.sources import resolve_checkpoint

PathArgument = str | PathLike[str]


def open_source(source: PathArgument) -> Checkpoint:
    """Opens a checkpoint whose values are going to be read.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.

    Raises:
        ArtifactError: there is no checkpoint, files of it are missing, or it is damaged.
    """
    found = resolve_checkpoint(source)
    found.require_shards()
    return open_bundle(found.prefix)


def open_sources(sources: Sequence[PathArgument]) -> list[Checkpoint]:
    """Opens several.

    Raises:
        UsageError: there are fewer than two.
        ArtifactError: as for `open_source`.
    """
    if isinstance(sources, str) or len(sources) < 2:
        raise UsageError("expected at least two checkpoints")
    return [open_source(source) for source in sources]
