"""What a model of a batch is made from, as one text: if that is unchanged, what was done need not be done again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from compat_saver.errors import ArtifactError
from compat_saver.sources import CheckpointSource, SavedModelSource, resolve
from compat_saver.sources.checkpoint_files import V2, CheckpointFiles

_CHUNK = 1 << 20


@dataclass(frozen=True)
class SourceFiles:
    """The files of a source.

    Attributes:
        whole: those whose every byte counts.
        shards: the data of V2 checkpoints, of which the size counts: the checksums of the bytes are in the index.
    """

    whole: tuple[Path, ...]
    shards: tuple[Path, ...] = ()

    @classmethod
    def of(cls, source: Path) -> SourceFiles:
        """Returns the files that a source consists of; none for what cannot be read."""
        try:
            found = resolve(source)
        except ArtifactError:
            return cls((source,) if source.is_file() else ())
        if isinstance(found, CheckpointSource):
            return cls((*found.files.tables, *_if_any(found.meta)), _shards(found.files))
        if not isinstance(found, SavedModelSource):
            return cls((found.path,))
        shards = () if found.variables is None else _shards(found.variables)
        return cls(tuple(path for path in _all_files(found.path) if path not in shards), shards)

    @property
    def nbytes(self) -> int:
        """How large all of them are."""
        return sum(path.stat().st_size for path in (*self.whole, *self.shards) if path.is_file())


def fingerprint(files: SourceFiles, options: str, more: Iterable[Path]) -> str:
    """Returns a text that changes with the content of a source, the options and the version.

    Args:
        files: of the source.
        options: all options of the migration, as a text.
        more: the files that options name.
    """
    found = hashlib.blake2b(digest_size=16)
    found.update(f"{metadata.version('compat-saver')}\n{options}".encode())
    for path in (*files.whole, *more):
        found.update(f"\n{path.name}\n".encode())
        if path.is_file():
            _add_content(found, path)
    for path in files.shards:
        found.update(f"\n{path.name} {path.stat().st_size}\n".encode())
    return found.hexdigest()


def _add_content(found: Any, path: Path) -> None:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)


def _shards(files: CheckpointFiles) -> tuple[Path, ...]:
    return files.data if files.version == V2 else ()


def _if_any(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path,)


def _all_files(directory: Path) -> list[Path]:
    return sorted(Path(folder, name) for folder, _, names in os.walk(directory) for name in names)
