"""The one way in which a checkpoint is written: a plan, entry by entry, streaming."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.bundle.v2_data import data_path
from compat_saver.bundle.v2_index import index_path
from compat_saver.checkpoints.reading import MOST_SHOWN, PathArgument
from compat_saver.checkpoints.values import Stored, Values
from compat_saver.errors import OutputExistsError, UsageError, phrases_and_more

Progress = Callable[[int, int], None]
"""Called with the bytes since the last call, and how many there will be in all."""


class WriteOptions(TypedDict, total=False):
    """What every operation that writes a checkpoint accepts.

    Attributes:
        shards: how many data files to write, 1 by default.
        overwrite: whether the output may be replaced.
        dry_run: only report what would be written.
        progress: called with the bytes since the last call, and how many there will be in all.
    """

    shards: int
    overwrite: bool
    dry_run: bool
    progress: Progress | None


@dataclass(frozen=True)
class Entry:
    """One tensor to write.

    Attributes:
        name: its name in the output.
        values: where its values come from.
        change: what is new about it, as a few words; "" for a plain copy.
    """

    name: str
    values: Values
    change: str = ""


@dataclass(frozen=True)
class WritePlan:
    """What an operation decided, before anything is written.

    Attributes:
        entries: the tensors of the output.
        dropped: the tensors that are left out.
        notes: what the user should know, a sentence each.
    """

    entries: tuple[Entry, ...]
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What was written, or would be.

    Attributes:
        output: the prefix or file; None for a dry run.
        files: the paths of what was written.
        tensors: how many there are.
        nbytes: bytes of their values.
        changed: what is new about each tensor that is no plain copy.
        dropped: the tensors that were left out.
        notes: what the user should know, a sentence each.
    """

    output: str | None
    files: tuple[str, ...]
    tensors: int
    nbytes: int
    changed: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "output": self.output,
            "files": list(self.files),
            "tensors": self.tensors,
            "bytes": self.nbytes,
            "changed": dict(self.changed),
            "dropped": list(self.dropped),
            "notes": list(self.notes),
        }


def copies(checkpoint: Checkpoint, names: Iterable[str] | None = None, *, join: bool = False) -> list[Entry]:
    """Returns the entries that copy tensors, all by default, under their own names."""
    chosen = checkpoint if names is None else names
    return [Entry(name, Stored(checkpoint, checkpoint.info(name), join)) for name in chosen]


def write_checkpoint(
    plan: WritePlan,
    output: PathArgument,
    *,
    shards: int = 1,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Writes a V2 checkpoint; it appears complete or not at all, and memory does not grow with it.

    Raises:
        UsageError: the plan names a tensor twice, or the output is no prefix.
        OutputExistsError: the output is already there.
        ArtifactError: a source is damaged.
    """
    refuse_collisions(plan.entries)
    if dry_run:
        return summary(plan, None, ())
    prefix = _prefix(output)
    report, total = progress or (lambda count, total: None), sum(entry.values.nbytes for entry in plan.entries)
    if not overwrite and os.path.lexists(index_path(prefix)):
        raise OutputExistsError(f"{prefix}: a checkpoint is already there; replace it with --overwrite")
    with BundleWriter(prefix, shards, overwrite=overwrite, progress=lambda count: report(count, total)) as writer:
        for entry in plan.entries:
            entry.values.write(writer, entry.name)
    return summary(plan, prefix, [index_path(prefix), *(data_path(prefix, n, shards) for n in range(shards))])


def _prefix(output: PathArgument) -> str:
    """Returns the prefix of the files of the output; other names are refused."""
    prefix = os.fspath(output)
    if prefix.endswith(("/", ".index")) or os.path.isdir(prefix):
        stem = prefix.removesuffix(".index")
        hint = stem if stem != prefix else os.path.join(prefix, "model.ckpt")
        raise UsageError(f"{prefix}: expected the prefix that the names of the files start with, such as {hint}")
    return prefix


def summary(plan: WritePlan, output: str | None, files: Iterable[str]) -> Written:
    """Returns what a plan comes to."""
    return Written(
        output,
        tuple(files),
        len(plan.entries),
        sum(entry.values.nbytes for entry in plan.entries),
        {entry.name: entry.change for entry in plan.entries if entry.change},
        plan.dropped,
        plan.notes,
    )


def refuse_collisions(entries: Iterable[Entry]) -> None:
    """Raises UsageError, naming them, if several entries have the same name."""
    seen: dict[str, list[str]] = {}
    for entry in entries:
        seen.setdefault(entry.name, []).append(entry.change or "kept as it is")
    twice = [f"{name!r} ({'; '.join(changes)})" for name, changes in seen.items() if len(changes) > 1]
    if twice:
        raise UsageError(f"Several tensors would have the same name: {phrases_and_more(twice, MOST_SHOWN)}")
