"""The sentences of a misfit between checkpoint and variables: what is missing, and what it is probably called."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compat_saver.errors import nearest_names
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.matching.fit import fits
from compat_saver.saver.matching.outcome import Mismatched, Missing, RestoreReport, described
from compat_saver.saver.matching.tensors import Tensors

_MOST_SHOWN = 10
# Fewer than this share of the missing names says nothing about scopes.
_ENOUGH = 0.5
# Names of 20,000 variables would otherwise be compared with those of 20,000 tensors.
_MOST_ASKED = 50
_MOST_NEAR = 200
_MOST_TRIED = 5


@dataclass(frozen=True)
class ScopeShift:
    """Names of variables are those of tensors with another beginning.

    Attributes:
        old: the beginning in the checkpoint, "" or with a slash at its end.
        new: that of the variables.
        count: how many of the missing variables it finds.
        is_everywhere: whether every tensor of the checkpoint begins with it.
    """

    old: str
    new: str
    count: int
    is_everywhere: bool

    @property
    def arguments(self) -> str:
        """The arguments of `restore` and `load_into` with which the names fit."""
        if self.is_everywhere and not self.new:
            return f"scope={self.old.rstrip('/')!r}"
        return f"name_map={{re.compile({'^' + _escaped(self.old)!r}): {self.new!r}}}"


def _escaped(text: str) -> str:
    """Returns a pattern of exactly that text; re.escape would also escape what needs none."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def misfit(report: RestoreReport, checkpoint: Tensors, names: Mapping[str, str]) -> str:
    """Returns what to tell of a checkpoint that does not fit: every misfit, and what might be meant.

    Args:
        report: what was found and what was not.
        checkpoint: the checkpoint.
        names: the names under which its tensors were looked for -> keys.
    """
    return "\n".join(_sentences(report, checkpoint, names))


def _sentences(report: RestoreReport, checkpoint: Tensors, names: Mapping[str, str]) -> Iterator[str]:
    yield f"{report.source} does not fit: {_counted(report)}. Nothing was restored."
    hints = _Hints(checkpoint, names)
    for row in report.missing[:_MOST_SHOWN]:
        hint = hints.nearest(row) or "."
        yield f"  - {row.name!r} ({described(row.dtype, row.shape)}) is not in the checkpoint{_as_key(row)}{hint}"
    if len(report.missing) > _MOST_SHOWN:
        yield f"  - and {len(report.missing) - _MOST_SHOWN} more that are not in the checkpoint."
    for wrong in report.mismatched[:_MOST_SHOWN]:
        yield _misfitting(wrong)
    if len(report.mismatched) > _MOST_SHOWN:
        yield f"  - and {len(report.mismatched) - _MOST_SHOWN} more that do not fit."
    shift = scope_shift(report.missing, checkpoint, names)
    if shift is not None:
        yield _told(shift, len(report.missing))
    yield (
        "Restore what fits and leave the rest as it is with strict=False, or say which tensor is whose with name_map."
    )


def _counted(report: RestoreReport) -> str:
    """Returns "1 of 3 variables is not in it, 1 cannot take what is there"."""
    missing, wrong = len(report.missing), len(report.mismatched)
    total = missing + wrong + len(report.restored)
    of_all = f" of {total} variable{'s' if total != 1 else ''}"
    absent = f"{missing}{of_all} {'is' if missing == 1 else 'are'} not in it" if missing else ""
    unfit = f"{wrong}{'' if missing else of_all} cannot take what is there" if wrong else ""
    return ", ".join(filter(None, (absent, unfit)))


def _misfitting(row: Mismatched) -> str:
    as_key = "" if row.key == row.name else f" as {row.key!r}"
    return f"  - {row.name!r}: expected {row.expected}, found {row.found}{as_key}."


def _as_key(row: Missing) -> str:
    return "" if row.name in row.keys else f" as {row.keys[0]!r}" if row.keys else ""


def _told(shift: ScopeShift, missing: int) -> str:
    if shift.old and not shift.new:
        where = "Every tensor of the checkpoint" if shift.is_everywhere else f"What {shift.count} of them look for"
        head = f"{where} begins with {shift.old!r}, and the variables do not"
    elif shift.new and not shift.old:
        head = f"The names of {shift.count} of these variables begin with {shift.new!r}, those of the checkpoint do not"
    else:
        head = f"The checkpoint has {shift.old!r} where these variables have {shift.new!r}"
    found = "it is" if missing == 1 else f"{shift.count} of the {missing} are"
    return f"{head}: with {shift.arguments} {found} found."


def scope_shift(missing: Sequence[Missing], checkpoint: Tensors, names: Mapping[str, str]) -> ScopeShift | None:
    """Returns the change of the names' beginning that finds most of the missing variables; None if none finds many.

    Args:
        missing: the variables that were not found.
        checkpoint: the checkpoint.
        names: the names under which its tensors were looked for -> keys.
    """
    shapes = checkpoint.shapes()
    best: tuple[int, int, str, str] | None = None
    for old, new in _shifts(missing, shapes, names):
        count = sum(_is_found(row, old, new, shapes, names) for row in missing)
        rated = (count, -len(old) - len(new), old, new)
        best = rated if best is None or rated > best else best
    if best is None or best[0] < max(1, _ENOUGH * len(missing)):
        return None
    count, _, old, new = best
    keys = [key for key in checkpoint if key != OBJECT_GRAPH_KEY]
    return ScopeShift(old, new, count, all(key.startswith(old) for key in keys))


def _shifts(
    missing: Sequence[Missing], shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Returns the changes that find most of some of the missing variables, taken from all over them."""
    by_ending: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for ending in _endings(name):
            by_ending[ending].append(name)
    votes: Counter[tuple[str, str]] = Counter()
    for row in missing[:: max(1, len(missing) // _MOST_ASKED)]:
        near = ((key, next((by_ending[end] for end in _endings(key) if end in by_ending), [])) for key in row.keys)
        pairs = [(name, key) for key, found in near for name in found[:_MOST_NEAR]]
        votes.update({_beginnings(name, key) for name, key in pairs if fits(shapes[names[name]], row.shape)})
    return [shift for shift, _ in votes.most_common(_MOST_TRIED)]


def _endings(name: str) -> Iterator[str]:
    """Yields a name and what remains of it without the first parts, one after the other."""
    yield name
    for position, letter in enumerate(name, 1):
        if letter == "/":
            yield name[position:]


def _beginnings(stored: str, wanted: str) -> tuple[str, str]:
    """Returns what stands before the parts in which two names end alike."""
    old, new = stored.split("/"), wanted.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "".join(f"{part}/" for part in old), "".join(f"{part}/" for part in new)


def _is_found(
    row: Missing, old: str, new: str, shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]
) -> bool:
    found = [names.get(old + key[len(new) :]) for key in row.keys if key.startswith(new)]
    return any(key is not None and fits(shapes[key], row.shape) for key in found)


class _Hints:
    """The names that may be meant; of all tensors, rather one of the variable's shape."""

    def __init__(self, checkpoint: Tensors, names: Mapping[str, str]) -> None:
        shapes = checkpoint.shapes()
        self._names = names
        self._by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for name, key in names.items():
            self._by_shape[shapes[key]].append(name)

    def nearest(self, row: Missing) -> str:
        """Returns `; did you mean ...?`, or "" if no name is near."""
        alike = [name for shape, names in self._by_shape.items() if fits(shape, row.shape) for name in names]
        wanted = row.keys[0] if row.keys else row.name
        return nearest_names(wanted, alike) or nearest_names(wanted, self._names)
