"""The sentences of a misfit between checkpoint and variables: what is missing, and what it is probably called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compat_saver.bundle import Checkpoint
from compat_saver.errors import nearest_names
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.fit import fits
from compat_saver.saver.outcome import Missing, RestoreReport, described

_MOST_SHOWN = 10
# Fewer than this share of the missing names says nothing about scopes.
_ENOUGH = 0.5


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
        if not self.new:
            return f"scope={self.old.rstrip('/')!r}"
        return f"name_map={{re.compile({'^' + self.old!r}): {self.new!r}}}"


def misfit(report: RestoreReport, checkpoint: Checkpoint, names: Mapping[str, str]) -> str:
    """Returns what to tell of a checkpoint that does not fit: every misfit, and what might be meant.

    Args:
        report: what was found and what was not.
        checkpoint: the checkpoint.
        names: the names under which its tensors were looked for -> keys.
    """
    return "\n".join(_sentences(report, checkpoint, names))


def _sentences(report: RestoreReport, checkpoint: Checkpoint, names: Mapping[str, str]) -> Iterator[str]:
    bad = len(report.missing) + len(report.mismatched)
    yield (
        f"{report.source} does not fit: of {bad + len(report.restored)} variables {len(report.missing)} are not in it "
        f"and {len(report.mismatched)} have another dtype or shape. Nothing was restored."
    )
    shift = scope_shift(report.missing, checkpoint, names)
    for row in report.missing[:_MOST_SHOWN]:
        hint = _nearest(row, checkpoint, names) or "."
        yield f"  - {row.name!r} ({described(row.dtype, row.shape)}) is not in the checkpoint{_as_key(row)}{hint}"
    if len(report.missing) > _MOST_SHOWN:
        yield f"  - and {len(report.missing) - _MOST_SHOWN} more that are not in the checkpoint."
    for wrong in report.mismatched[:_MOST_SHOWN]:
        as_key = "" if wrong.key == wrong.name else f" as {wrong.key!r}"
        yield f"  - {wrong.name!r}: expected {wrong.expected}, found {wrong.found} in the checkpoint{as_key}."
    if len(report.mismatched) > _MOST_SHOWN:
        yield f"  - and {len(report.mismatched) - _MOST_SHOWN} more of another dtype or shape."
    if shift is not None:
        yield _told(shift, len(report.missing))
    yield (
        "Restore what fits and leave the rest as it is with strict=False, or say which tensor is whose with name_map."
    )


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
    return f"{head}: with {shift.arguments} {shift.count} of the {missing} are found."


def scope_shift(missing: Sequence[Missing], checkpoint: Checkpoint, names: Mapping[str, str]) -> ScopeShift | None:
    """Returns the change of the names' beginning that finds most of the missing variables; None if none finds many."""
    by_last: dict[str, list[str]] = {}
    for name in names:
        by_last.setdefault(name.rpartition("/")[2], []).append(name)
    shapes = checkpoint.shapes()
    votes: Counter[tuple[str, str]] = Counter()
    for row in missing:
        beginnings = {
            _beginnings(name, wanted)
            for wanted in row.keys
            for name in by_last.get(wanted.rpartition("/")[2], ())
            if fits(shapes[names[name]], row.shape)
        }
        votes.update(beginnings)
    if not votes:
        return None
    (old, new), count = max(votes.items(), key=lambda item: (item[1], -len(item[0][0]) - len(item[0][1])))
    if count < max(1, _ENOUGH * len(missing)):
        return None
    keys = [key for key in checkpoint if key != OBJECT_GRAPH_KEY]
    return ScopeShift(old, new, count, all(key.startswith(old) for key in keys))


def _beginnings(stored: str, wanted: str) -> tuple[str, str]:
    """Returns what stands before the parts in which two names end alike."""
    old, new = stored.split("/"), wanted.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "".join(f"{part}/" for part in old), "".join(f"{part}/" for part in new)


def _nearest(row: Missing, checkpoint: Checkpoint, names: Mapping[str, str]) -> str:
    """Returns the nearest names, of tensors of the same shape if there are any near."""
    shapes = checkpoint.shapes()
    alike = [name for name, key in names.items() if fits(shapes[key], row.shape)]
    wanted = row.keys[0] if row.keys else row.name
    return nearest_names(wanted, alike) or nearest_names(wanted, names)
