"""What a graph may do outside of itself when it is run: nothing, unless the user allows it op by op.

One exception needs no permission: reading files below the directories of the source. All else is refused before
anything runs. `--allow OP` (`allow=` in Python) takes names of ops and patterns; "*" allows everything.
"""

from __future__ import annotations

import glob
import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from compat_saver.analysis.effects import SideEffect
from compat_saver.errors import UsageError, nearest_names, phrases_and_more
from compat_saver.graph.side_effects import ASSET, CHANGING, PYTHON, READS, reaching_ops
from compat_saver.model.legacy_model import LegacyModel

_MOST_SHOWN = 3
_ADVICE = (
    "The model does that when it runs, and verification runs it. Choose outputs that do not need it (--outputs) or "
    "inputs behind it (--inputs), or allow it:"
)
_DECIDED_ELSEWHERE = (ASSET, PYTHON)
"""The kinds with rules of their own: the files of lookup tables, and functions that are in no file."""


def require_reaching(allow: Iterable[str]) -> None:
    """Raises UsageError for an op to be allowed that reaches nothing, or is unknown."""
    for pattern in allow:
        if not any(fnmatchcase(op, pattern) for op in reaching_ops()):
            hint = nearest_names(pattern, reaching_ops())
            raise UsageError(f"--allow {pattern}: no op of this name reaches outside of a graph{hint or '.'}")


def refused(effects: Iterable[SideEffect], allow: Collection[str], folders: Collection[Path]) -> list[SideEffect]:
    """Returns those of some effects that would happen and are not allowed.

    Args:
        effects: what a graph would do.
        allow: ops, and patterns of ops, that may reach outside.
        folders: the directories in which any file may be read.
    """
    return [
        item
        for item in effects
        if item.needed
        and item.kind not in _DECIDED_ELSEWHERE
        and not is_allowed(item, allow)
        and not (item.kind == READS and item.names and all(_is_inside(name, folders) for name in item.names))
    ]


def refused_changes(effects: Iterable[SideEffect], allow: Collection[str]) -> list[SideEffect]:
    """Returns those that would change something outside and are not allowed; reading is left to the caller."""
    return [item for item in refused(effects, allow, ()) if item.kind in CHANGING]


def is_allowed(effect: SideEffect, allow: Iterable[str]) -> bool:
    """Whether the user allowed an effect."""
    return any(fnmatchcase(effect.op, pattern) for pattern in allow)


def folders_of(model: LegacyModel) -> list[Path]:
    """Returns the directories that are the source of a model."""
    source = Path(model.path)
    return [source if source.is_dir() else source.parent, Path(model.meta.path).parent]


def _is_inside(name: str, folders: Iterable[Path]) -> bool:
    """Whether all files whose names start like this are below some directories, with symbolic links followed."""
    if "://" in name or "\0" in name:
        return False
    files = [name, *glob.iglob(f"{glob.escape(name)}*")]
    roots = [folder.resolve() for folder in folders]
    return all(any(Path(file).resolve().is_relative_to(root) for root in roots) for file in files)


def sentences(effects: Sequence[SideEffect]) -> Iterator[str]:
    """Yields a sentence for all effects of one op that do the same."""
    for op, does in dict.fromkeys((item.op, item.does) for item in effects):
        same = [item for item in effects if (item.op, item.does) == (op, does)]
        nodes = phrases_and_more([repr(item.node) for item in same], _MOST_SHOWN)
        names = [repr(name) for name in dict.fromkeys(name for item in same for name in item.names)]
        yield f"{op} ({nodes}) {does}{f': {phrases_and_more(names, _MOST_SHOWN)}' if names else ''}."


def obstacles(effects: Sequence[SideEffect]) -> list[str]:
    """Returns what blocks a migration, with the ways out."""
    ops = dict.fromkeys((item.op, item.does) for item in effects)
    return [
        f"{sentence} {_ADVICE} --allow {shlex.quote(op)} (allow=[{op!r}] in Python)"
        for sentence, (op, _) in zip(sentences(effects), ops, strict=True)
    ]
