"""Sets the tags of a written SavedModel; TensorFlow 2 always writes "serve"."""

from __future__ import annotations

from pathlib import Path

from compat_saver.proto.messages import SavedModel

_WRITTEN = ("serve",)


def set_tags(directory: Path, tags: tuple[str, ...]) -> None:
    """Replaces the tags of the only MetaGraphDef in `directory`."""
    if tags == _WRITTEN:
        return
    path = directory / "saved_model.pb"
    model = SavedModel.FromString(path.read_bytes())
    model.meta_graphs[0].meta_info_def.tags[:] = tags
    path.write_bytes(model.SerializeToString())
