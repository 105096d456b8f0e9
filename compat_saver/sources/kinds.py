"""The kinds of source, as frozen types; `kind` is the word that reports use.

The source of a checkpoint comes with the graph beside it, or with advice on where to get one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from compat_saver.errors import ArtifactError, SourceNotFoundError
from compat_saver.proto.checkpoint_state import CheckpointState
from compat_saver.sources.checkpoint_files import META, CheckpointFiles, beside


@dataclass(frozen=True)
class CheckpointSource:
    """A V1 or V2 checkpoint, by name or of objects, with or without its graph.

    Attributes:
        path: what the user gave.
        files: the files of the checkpoint.
        meta: the MetaGraphDef of its graph; None where none is beside it.
        no_meta: where `meta` is None, a sentence on what is missing and what to do; "" otherwise.
        state: the state file that led here, or None.
        notes: what the user should know of how the path was understood, a sentence each.
    """

    kind: ClassVar[str] = "checkpoint"
    path: Path
    files: CheckpointFiles
    meta: Path | None = None
    no_meta: str = ""
    state: CheckpointState | None = None
    notes: tuple[str, ...] = ()

    @property
    def prefix(self) -> Path:
        """What TensorFlow takes to be the checkpoint's name; for shards of V1 it is their pattern."""
        return self.files.prefix

    @property
    def version(self) -> str:
        """The format of the files, "V1" or "V2"."""
        return self.files.version

    @property
    def object_based(self) -> bool:
        """Whether tf.train.Checkpoint wrote it, whose tensors are named by object and not by graph."""
        return self.files.object_based

    @property
    def meta_path(self) -> Path:
        """The graph's file, for callers that cannot do without.

        Raises:
            SourceNotFoundError: there is none.
        """
        if self.meta is None:
            raise SourceNotFoundError(self.no_meta)
        return self.meta

    def require_shards(self) -> None:
        """Raises ArtifactError, listing them, if files of the checkpoint are missing or something else."""
        if self.files.problems:
            raise ArtifactError(" ".join(self.files.problems))


@dataclass(frozen=True)
class MetaGraphSource:
    """A MetaGraphDef without a checkpoint.

    Attributes:
        path: its file.
        notes: what the user should know.
    """

    kind: ClassVar[str] = "meta_graph"
    path: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GraphDefSource:
    """A GraphDef alone: frozen, or only the structure of a training graph.

    Attributes:
        path: its file.
        is_text: whether it is in protobuf's text form.
        notes: what the user should know.
    """

    kind: ClassVar[str] = "graph_def"
    path: Path
    is_text: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedModelSource:
    """A SavedModel directory.

    Attributes:
        path: the directory.
        file: its saved_model.pb or saved_model.pbtxt.
        variables: its checkpoint; None for a model without variables.
        notes: what the user should know.
    """

    kind: ClassVar[str] = "saved_model"
    path: Path
    file: Path
    variables: CheckpointFiles | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HubModuleSource(SavedModelSource):
    """The directory of a TF1 Hub module: a SavedModel with tfhub_module.pb beside it."""

    kind: ClassVar[str] = "hub_module"


@dataclass(frozen=True)
class Hdf5Source:
    """An HDF5 file, whatever its name; Keras writes weights and whole models so.

    Attributes:
        path: the file.
        notes: what to do with it.
    """

    kind: ClassVar[str] = "hdf5"
    path: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class KerasArchiveSource:
    """A `.keras` file, whatever its name: a ZIP archive of the configuration and the weights of a model.

    Attributes:
        path: the file.
        notes: what to do with it.
    """

    kind: ClassVar[str] = "keras"
    path: Path
    notes: tuple[str, ...] = ()


Source = CheckpointSource | MetaGraphSource | GraphDefSource | SavedModelSource | Hdf5Source | KerasArchiveSource
"""What a path can be; all have `kind`, `path` and `notes`."""


SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


def with_graph(
    path: Path, files: CheckpointFiles, *, state: CheckpointState | None = None, notes: tuple[str, ...] = ()
) -> CheckpointSource:
    """Returns the source of a checkpoint, with PREFIX.meta if it is there."""
    meta = beside(files.stem, META)
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
        return (
            f"{missing} tf.train.Checkpoint or Keras wrote it, which save no graph; build the model in code and call "
            "compat_saver.load_into(model, PATH), which finds its weights by object and by name."
        )
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
