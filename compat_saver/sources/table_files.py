"""Finds the text files that lookup tables are read from.

A graph holds the path that a file had where the model was trained. The places, first come first served:

1. What the user gives for it.
2. The `assets/` of a TF1 SavedModel, which lists the file of each tensor.
3. The path itself, if it is absolute and there is such a file.
4. The directories beside the source, under as much of the end of the path as is there: of `/data/en/vocab.txt` rather
   `en/vocab.txt` than `vocab.txt`, which may be that of another language.
5. A relative path from the working directory, as TF1 would have read it.

What is found is copied into the written model, and the graph may come from a stranger. So only files below the
directories of the source count, symbolic links followed; what the user gives may be anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from compat_saver.sniff import HEAD, describe_bytes


class TableFiles:
    """Looks for files in the places above.

    Args:
        directories: those of the source.
        carried: name of a tensor that holds a path -> the file of the SavedModel that it means.
        given: path as the graph has it, its last part, or the tensor's name -> the file to take.
    """

    def __init__(self, directories: Sequence[Path], carried: Mapping[str, Path], given: Mapping[str, Path]) -> None:
        self._directories = tuple(directories)
        self._carried = carried
        self._given = given

    def find(self, recorded: str, tensor: str) -> Path | None:
        """Returns the file, or None.

        Args:
            recorded: the path as the graph has it.
            tensor: the name of the tensor that holds it.
        """
        parts = _parts(recorded)
        for name in (recorded, tensor, parts[-1] if parts else ""):
            if name in self._given:
                return self._given[name]
        return next(filter(self._is_inside, self._there(recorded, tensor)), None)

    def find_outside(self, recorded: str, tensor: str) -> Path | None:
        """Returns the file that would count if it were below the directories of the source, or None."""
        return next(self._there(recorded, tensor), None)

    def _there(self, recorded: str, tensor: str) -> Iterator[Path]:
        return (path for path in self._candidates(recorded, _parts(recorded), tensor) if path.is_file())

    def _is_inside(self, path: Path) -> bool:
        file = path.resolve()
        return any(file.is_relative_to(folder.resolve()) for folder in self._directories)

    def is_carried(self, tensor: str, path: Path) -> bool:
        """Whether a path that was found for a tensor is the one that its SavedModel has for it."""
        return self._carried.get(tensor) == path

    def _candidates(self, recorded: str, parts: list[str], tensor: str) -> Iterator[Path]:
        if tensor in self._carried:
            yield self._carried[tensor]
        if "\0" in recorded:
            return
        if Path(recorded).is_absolute():
            yield Path(recorded)
        for start in range(len(parts)):
            yield from (directory.joinpath(*parts[start:]) for directory in self._directories)
        yield Path(recorded)


def _parts(path: str) -> list[str]:
    """Splits a path of any system: the model may come from Windows, or from a bucket."""
    return [part for part in re.split(r"[/\\]", path) if part not in ("", ".", "..") and "\0" not in part]


def pointer_at(path: Path) -> str:
    """Returns what is at a path if it is a Git LFS pointer in place of the text, else ""."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = describe_bytes(head, len(head)) if head else None
    return f"{found.what}. {found.advice}" if found is not None and found.kind == "git-lfs" else ""
