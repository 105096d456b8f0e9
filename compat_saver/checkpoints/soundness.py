"""Whether a checkpoint is intact, and everything that is not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from compat_saver.bundle import open_bundle
from compat_saver.checkpoints.reading import PathArgument
from compat_saver.checkpoints.write_plan import Progress
from compat_saver.errors import ArtifactError, FormatError
from compat_saver.sources import resolve_checkpoint


@dataclass(frozen=True)
class Soundness:
    """What was checked, and what is wrong.

    Attributes:
        prefix: the checkpoint; what was given, where it could not even be opened.
        files: its paths.
        nbytes: bytes in these files.
        damage: everything that is wrong.
    """

    prefix: str
    files: tuple[str, ...]
    nbytes: int
    damage: tuple[ArtifactError, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "prefix": self.prefix,
            "files": list(self.files),
            "bytes": self.nbytes,
            "intact": self.is_intact,
            "damage": [_damage_dict(error) for error in self.damage],
        }


def verify(source: PathArgument, *, progress: Progress | None = None) -> Soundness:
    """Checks every checksum and every promise of the index, streaming.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        progress: called with the bytes since the last call, and how many there will be in all.

    Returns:
        Everything that is wrong. An index so damaged that nothing can be opened is one such thing.

    Raises:
        ArtifactError: there is no checkpoint, or something else in its place.
    """
    try:
        found = resolve_checkpoint(source)
        checkpoint = open_bundle(found.prefix)
        files = checkpoint.files
    except FormatError as error:
        return Soundness(os.fspath(source), (), 0, (error,))
    with checkpoint:
        there = [path for path in files if os.path.isfile(path)]
        total = sum(os.path.getsize(path) for path in there)
        report = progress or (lambda count, total: None)
        damage = tuple(checkpoint.damage(lambda count: report(count, total)))
        return Soundness(checkpoint.prefix, files, total, damage)


def _damage_dict(error: ArtifactError) -> dict[str, Any]:
    facts: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, FormatError):
        facts |= {"path": error.path, "offset": error.offset, "expected": error.expected, "found": error.found}
    return facts
