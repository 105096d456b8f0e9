"""Names for the outputs of a batch: readable, and no two the same on any file system."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from compat_saver.keras_models.routing import SUFFIX

_LONGEST = 120


def as_name(text: str) -> str:
    """Returns a text with `_` for all that the name of a directory had better not hold."""
    return re.sub(r"[^\w.+-]", "_", text).lstrip(".-") or "_" * bool(text)


def names_below(root: Path, sources: Sequence[Path]) -> list[str]:
    """Returns a name per source, after its path below a directory; one that is alone in a directory after that."""
    alone = Counter(path if path.is_dir() else path.parent for path in sources)
    names = []
    for path in sources:
        place = path.parent if not path.is_dir() and alone[path.parent] == 1 and path.parent != root else path
        parts = place.relative_to(root).parts or (place.resolve().name,)
        names.append("__".join(map(as_name, parts)))
    return names


def names_of(sources: Sequence[Path]) -> list[str]:
    """Returns a name per source, after the end of its path; as much of that as tells them apart."""
    paths = [Path(os.path.abspath(path)).parts[1:] for path in sources]
    names = ["__".join(map(as_name, parts[-1:])) for parts in paths]
    for depth in range(2, max(map(len, paths), default=0) + 1):
        often = Counter(name.casefold() for name in names)
        names = [
            "__".join(map(as_name, parts[-depth:])) if often[name.casefold()] > 1 else name
            for name, parts in zip(names, paths, strict=True)
        ]
    return names


def unique(names: Sequence[str], sources: Sequence[Path]) -> list[str]:
    """Returns names of which no two are equal: those that were, or are too long, get a part of a hash of their path."""
    often = Counter(name.casefold() for name in names)
    return [
        _marked(name, path) if often[name.casefold()] > 1 or len(name) > _LONGEST else name
        for name, path in zip(names, sources, strict=True)
    ]


def _marked(name: str, path: Path) -> str:
    mark = hashlib.blake2b(os.fsencode(os.path.abspath(path)), digest_size=3).hexdigest()
    stem = name.removesuffix(SUFFIX)  # which says what is written
    return f"{stem[-_LONGEST:]}-{mark}{name[len(stem) :]}"
