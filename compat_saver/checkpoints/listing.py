"""What a checkpoint holds, without reading values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver.bundle import Checkpoint, TensorInfo, open_bundle
from compat_saver.bundle.object_graph import ObjectKey, decode_object_graph
from compat_saver.checkpoints.keras_reader import open_any
from compat_saver.checkpoints.reading import PathArgument, matching
from compat_saver.sources import Hdf5Source, KerasArchiveSource, open_checkpoint, resolve, resolve_checkpoint


@dataclass(frozen=True)
class TensorRow:
    """One tensor of a listing.

    Attributes:
        name: its key.
        dtype: the name of its type.
        shape: its full shape.
        nbytes: bytes in the files.
        parts: in how many slices it was saved; 1 for a tensor saved whole.
        owner: whose variable it is; None in a checkpoint that was saved by name.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    parts: int = 1
    owner: ObjectKey | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints; object path and full name only where there are such."""
        found: dict[str, Any] = {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "bytes": self.nbytes,
            "slices": self.parts,
        }
        if self.owner is not None:
            found |= {"object_path": self.owner.path, "full_name": self.owner.full_name}
        return found


@dataclass(frozen=True)
class Listing:
    """The tensors of a checkpoint.

    Attributes:
        prefix: the checkpoint.
        version: "V1" or "V2".
        files: its paths.
        object_based: whether tf.train.Checkpoint wrote it.
        rows: the tensors, by name.
        notes: what the user should know, a sentence each.
    """

    prefix: str
    version: str
    files: tuple[str, ...]
    object_based: bool
    rows: tuple[TensorRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(row.nbytes for row in self.rows)

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        from compat_saver.report.html.notebook import listing_html

        return listing_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "prefix": self.prefix,
            "version": self.version,
            "files": list(self.files),
            "object_based": self.object_based,
            "bytes": self.nbytes,
            "tensors": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
        }


def ls(source: PathArgument, patterns: tuple[str, ...] = ()) -> Listing:
    """Lists the tensors of a checkpoint; works as well where data files are missing.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        patterns: shell patterns of the tensors to list; all by default.

    Raises:
        ArtifactError: there is no checkpoint, or its index is damaged.
        UsageError: a pattern that matches nothing.
    """
    if isinstance(resolve(source, prefers_prefix=True), Hdf5Source | KerasArchiveSource):
        return _of_keras(os.fspath(source), patterns)
    found = resolve_checkpoint(source)
    with open_bundle(found.prefix) as checkpoint:
        owners = {} if found.files.problems else decode_object_graph(checkpoint)
        chosen = matching(checkpoint, patterns) if patterns else checkpoint.keys()
        rows = [_row(checkpoint.info(name), owners) for name in checkpoint if name in chosen]
        return Listing(
            checkpoint.prefix,
            checkpoint.version,
            checkpoint.files,
            found.object_based,
            tuple(rows),
            found.notes,
        )


def _of_keras(source: str, patterns: tuple[str, ...]) -> Listing:
    with open_any(source) as checkpoint:
        chosen = matching(checkpoint, patterns) if patterns else checkpoint.keys()
        rows = tuple(_row(checkpoint.info(name), {}) for name in checkpoint if name in chosen)
        return Listing(checkpoint.prefix, checkpoint.version, checkpoint.files, object_based=False, rows=rows)


def object_keys(source: PathArgument) -> Mapping[str, ObjectKey]:
    """Returns whose variable each key of an object-based checkpoint is; empty for one that was saved by name.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
    """
    with _opened(source) as checkpoint:
        return decode_object_graph(checkpoint)


def _opened(source: PathArgument) -> Checkpoint:
    return open_checkpoint(source, needs_values=False)


def _row(info: TensorInfo, owners: Mapping[str, ObjectKey]) -> TensorRow:
    parts = max(1, len(info.slices))
    return TensorRow(info.name, info.dtype.name, info.shape, info.nbytes, parts, owners.get(info.name))
