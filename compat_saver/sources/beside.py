"""A checkpoint together with what lies beside it: its graph, or advice on where to get it."""

from __future__ import annotations

from pathlib import Path

from compat_saver.proto.checkpoint_state import CheckpointState
from compat_saver.sources.checkpoint_files import CheckpointFiles
from compat_saver.sources.kinds import CheckpointSource

META = ".meta"
SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


def with_graph(
    path: Path, files: CheckpointFiles, *, state: CheckpointState | None = None, notes: tuple[str, ...] = ()
) -> CheckpointSource:
    """Returns the source of a checkpoint, with PREFIX.meta if it is there."""
    meta = files.stem.with_name(files.stem.name + META)
    notes = (*notes, *files.problems)
    if meta.is_file():
        return CheckpointSource(path, files, meta=meta, state=state, notes=notes)
    return CheckpointSource(path, files, no_meta=_advice(files, meta), state=state, notes=notes)


def _advice(files: CheckpointFiles, meta: Path) -> str:
    """Cases: the variables of a SavedModel, object-based, one other .meta, several, none."""
    missing = f"{meta}: the checkpoint {files.prefix} has no graph beside it."
    if is_saved_model(meta.parent.parent):
        return f"{missing} It belongs to a SavedModel; pass that as the source: {meta.parent.parent}"
    if files.object_based:
        return f"{missing} tf.train.Checkpoint wrote it, which saves no graph; build the model in code and restore it."
    others = sorted(path for path in meta.parent.iterdir() if path.name.endswith(META) and path.is_file())
    if len(others) == 1:
        return f"{missing} If {others[0].name} is its graph, pass --meta-graph {others[0]} (meta_graph= in Python)."
    if others:
        names = ", ".join(path.name for path in others)
        return f"{missing} If one of {names} is its graph, pass that with --meta-graph (meta_graph= in Python)."
    return (
        f"{missing} Copy the .meta from where the checkpoint was written, or pass it with --meta-graph "
        "(meta_graph= in Python)."
    )


def is_saved_model(directory: Path) -> bool:
    """Whether a directory has the file that makes it a SavedModel."""
    return any((directory / name).is_file() for name in SAVED_MODEL_FILES)
