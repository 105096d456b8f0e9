"""Some of the tensors: what patterns name, or all but that; all but the slots of optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat_saver.analysis.values.roles import role_of, slots_of_graph
from compat_saver.checkpoints.reading import PathArgument, matching
from compat_saver.checkpoints.write_plan import WriteOptions, WritePlan, Written, copies, write_checkpoint
from compat_saver.errors import UsageError
from compat_saver.graph import from_graph_def
from compat_saver.proto.meta_graph import read_meta_graph
from compat_saver.sources import open_checkpoint, resolve_checkpoint

if TYPE_CHECKING:
    from typing_extensions import Unpack

_OBJECT_SLOT = "/.OPTIMIZER_SLOT/"


def drop(
    source: PathArgument,
    output: PathArgument,
    patterns: Sequence[str] = (),
    *,
    slots: bool = False,
    **options: Unpack[WriteOptions],
) -> Written:
    """Writes a checkpoint without some of its tensors.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        patterns: shell patterns of what to leave out; `*` goes across slashes.
        slots: whether to leave out what optimizers keep for themselves (`w/Adam`, `beta1_power`).
        **options: as WriteOptions has them.

    Raises:
        UsageError: a pattern that matches nothing, no slots where they are to be dropped, or nothing to drop at all.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    if not patterns and not slots:
        raise UsageError("nothing to drop: give patterns, or choose the slots")
    with open_checkpoint(source) as checkpoint:
        dropped = matching(checkpoint, patterns)
        if slots:
            dropped |= _slots(source, list(checkpoint))
        kept = [name for name in checkpoint if name not in dropped]
        plan = WritePlan(tuple(copies(checkpoint, kept)), tuple(sorted(dropped)))
        return write_checkpoint(plan, output, **options)


def keep(
    source: PathArgument, output: PathArgument, patterns: Sequence[str], **options: Unpack[WriteOptions]
) -> Written:
    """Writes a checkpoint of some of its tensors.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        patterns: shell patterns of what to keep; `*` goes across slashes.
        **options: as WriteOptions has them.

    Raises:
        UsageError: a pattern that matches nothing, or no patterns.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    if not patterns:
        raise UsageError("nothing to keep: give patterns")
    with open_checkpoint(source) as checkpoint:
        chosen = matching(checkpoint, patterns)
        kept = [name for name in checkpoint if name in chosen]
        dropped = tuple(name for name in checkpoint if name not in chosen)
        return write_checkpoint(WritePlan(tuple(copies(checkpoint, kept)), dropped), output, **options)


def slots_of(source: PathArgument) -> list[str]:
    """Returns the tensors that optimizers keep for themselves.

    The graph beside the checkpoint decides, where there is one; names do as well, for a checkpoint without a graph and
    for sparse updates: a name that extends another tensor's by a capitalized word.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
    """
    with open_checkpoint(source) as checkpoint:
        return sorted(_slots(source, list(checkpoint)))


def _slots(source: PathArgument, names: Sequence[str]) -> set[str]:
    trainable: set[str] = set()
    by_graph: set[str] = set()
    found = resolve_checkpoint(source)
    if found.meta is not None:
        meta = read_meta_graph(found.meta)
        records = meta.variables()
        trainable = {
            record.slice_info.full_name if record.slice_info else record.name for record in records if record.trainable
        }
        by_graph = slots_of_graph(from_graph_def(meta.graph_def))
    known = set(names)
    slots = {
        name
        for name in names
        if name not in trainable and (_OBJECT_SLOT in name or role_of(name, known, (), by_graph) == "slot")
    }
    if not slots:
        raise UsageError(f"{found.prefix} holds no slots of optimizers")
    return slots
