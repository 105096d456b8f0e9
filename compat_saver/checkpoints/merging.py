"""Several checkpoints in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat_saver.checkpoints.opening import PathArgument, open_sources
from compat_saver.checkpoints.run import Entry, Plan, WriteOptions, Written, copies, listed, write_checkpoint
from compat_saver.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Unpack


def merge(
    sources: Sequence[PathArgument],
    output: PathArgument,
    *,
    prefer: str | None = None,
    **options: Unpack[WriteOptions],
) -> Written:
    """Writes the tensors of several checkpoints into one.

    Args:
        sources: a prefix, any file of a checkpoint, or a directory, for each.
        output: the prefix to write.
        prefer: which checkpoint wins where several hold a tensor: "first" or "last"; None makes that an error.
        **options: as WriteOptions has them.

    Raises:
        UsageError: fewer than two checkpoints, or a tensor in several of them.
        ArtifactError: there is no checkpoint, or one is damaged.
        OutputExistsError: the output is already there.
    """
    if prefer not in (None, "first", "last"):
        raise UsageError(f"expected 'first' or 'last', got {prefer!r}")
    checkpoints = open_sources(sources)
    found: dict[str, Entry] = {}
    conflicts: set[str] = set()
    for checkpoint in checkpoints:
        for entry in copies(checkpoint):
            if entry.name in found:
                conflicts.add(entry.name)
            if entry.name not in found or prefer == "last":
                found[entry.name] = Entry(entry.name, entry.values, f"from {checkpoint.prefix}")
    if conflicts and prefer is None:
        raise UsageError(
            f"Several checkpoints hold {listed(map(repr, sorted(conflicts)))}. Say which one wins with --prefer, "
            "or rename or drop them first."
        )
    return write_checkpoint(Plan(tuple(found[name] for name in sorted(found))), output, **options)
