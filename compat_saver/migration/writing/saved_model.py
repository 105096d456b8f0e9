"""Writes a plan as a TF2 SavedModel, without TensorFlow: the graph as messages, the weights from file to file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from compat_saver.migration.plan import Plan
from compat_saver.migration.writing.contents import contents_of
from compat_saver.migration.writing.variables_file import write_variables
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.saved_model import make_saved_model

GRAPH_FILE = "saved_model.pb"


def write_saved_model(
    plan: Plan,
    model: LegacyModel,
    directory: Path,
    tags: tuple[str, ...],
    wrote: Callable[[int], None] = lambda nbytes: None,
) -> None:
    """Writes a SavedModel; `compat_saver.saved_model.objects` says what its root has.

    Args:
        plan: what to write.
        model: the original, with the values of the weights.
        directory: where to write; it must not exist yet.
        tags: the tags of its MetaGraphDef.
        wrote: called with the bytes of each weight that is written.

    Raises:
        ArtifactError: the checkpoint is damaged.
    """
    contents, files = contents_of(plan, tags)
    parts = make_saved_model(contents, model.meta.stripped_ops)
    (directory / "assets").mkdir(parents=True)
    for name, path in files.items():
        shutil.copyfile(path, directory / "assets" / name)
    write_variables(plan, model.checkpoint, parts.checkpoint_objects, directory, wrote)
    (directory / GRAPH_FILE).write_bytes(parts.message.SerializeToString(deterministic=True))
