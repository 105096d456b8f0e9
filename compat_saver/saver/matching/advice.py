"""The message for a checkpoint that does not match the variables: what is missing, and its probable name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from compat_saver.analysis.values.weights import fits
from compat_saver.errors import nearest_names
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.matching.fit import Tensors, Wanted
from compat_saver.saver.matching.naming import DEFAULT, Matching, names_to_paste, stored_names
from compat_saver.saver.matching.numbering import renumbered
from compat_saver.saver.matching.report import Mismatched, Missing, RestoreReport, described

_MOST_SHOWN = 10
_MOST_PASTED = 400
# If a scope finds a smaller share of the missing names, it is not suggested.
_ENOUGH = 0.5
# Names of 20,000 variables would otherwise be compared with those of 20,000 tensors.
_MOST_SAMPLED = 50
_MOST_NEAR = 200
_MOST_TRIED = 5


@dataclass(frozen=True)
class ScopeShift:
    """Variables have the names of tensors with another prefix.

    Attributes:
        old: the prefix in the checkpoint, "" or with a slash at its end.
        new: the prefix of the variables.
        count: how many of the missing variables it finds.
        is_everywhere: whether every tensor of the checkpoint starts with it.
        matching: what the caller said of the names already.
    """

    old: str
    new: str
    count: int
    is_everywhere: bool
    matching: Matching = DEFAULT

    @property
    def arguments(self) -> str:
        """The arguments of `restore` and `load_into` with which the names match."""
        if self.is_everywhere and not self.new and self.matching.name_map is None:
            return _arguments(_below(self.matching, self.old.rstrip("/")))
        return _arguments(self.matching, f"{{re.compile({'^' + _escaped(self.old)!r}): {self.new!r}}}")


@dataclass(frozen=True)
class AmbiguousShift:
    """Several changes of a prefix find equally many of the missing variables, in different tensors.

    Attributes:
        shifts: (the prefix in the checkpoint, the prefix of the variables).
    """

    shifts: tuple[tuple[str, str], ...]


def pasted(names: Mapping[str, str], matching: Matching = DEFAULT) -> str:
    """Returns the advice to map names, including the arguments that the caller passed already.

    Args:
        names: name in the checkpoint -> name of the variable.
        matching: what the caller said already.
    """
    text = ", ".join(f"{old!r}: {new!r}" for old, new in names.items())
    arguments = _arguments(matching, f"{{{text}}}")
    return arguments if arguments.startswith("add") else f"pass {arguments}"


def _arguments(matching: Matching, name_map: str = "") -> str:
    """Returns the arguments with which the names match, or what to add to the present ones."""
    if name_map and isinstance(matching.name_map, Mapping):
        return f"{name_map} added to name_map"
    if name_map and matching.name_map is not None:
        return f"a name_map that also does what {name_map} does"
    parts = (
        f"scope={matching.scope!r}" if matching.scope else "",
        "ema=True" if matching.ema else "",
        f"name_map={name_map}" if name_map else "",
    )
    return ", ".join(filter(None, parts))


def _below(matching: Matching, scope: str) -> Matching:
    """Returns the same with a scope below the one that was given, and without a map."""
    return replace(matching, name_map=None, scope="/".join(filter(None, (matching.scope, scope))))


def _escaped(text: str) -> str:
    """Returns a pattern of exactly that text; re.escape would also escape characters that do not need it."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def mismatch_message(
    report: RestoreReport,
    checkpoint: Tensors,
    names: Mapping[str, str],
    *,
    wanted: Sequence[Wanted] = (),
    matching: Matching = DEFAULT,
    found_scope: str | None = None,
) -> str:
    """Returns the message for a checkpoint that does not fit: everything that does not, and likely fixes.

    Args:
        report: what was found and what was not.
        checkpoint: the checkpoint.
        names: the names under which its tensors were looked for -> keys.
        wanted: all variables that were looked for.
        matching: what the caller said of the names.
        found_scope: an object of the checkpoint that is known to fit.
    """
    moved: dict[str, str] = {}
    if matching.name_map is not None:
        mapped, names = names, stored_names(checkpoint, replace(matching, name_map=None))
        moved = _moved(names, mapped)
    used = {key for row in report.restored for key in row.keys}
    free = {name: key for name, key in names.items() if key not in used}
    if found_scope is not None:
        way = _arguments(_below(matching, found_scope))
        proposal = f"The checkpoint stores the object of these variables as {found_scope!r}: with {way} all are found."
    else:
        lost = replace(report, missing=tuple(row for row in report.missing if row.name not in moved))
        proposal = _proposed(lost, checkpoint, names, free, wanted, matching)
    return "\n".join(_sentences(report, checkpoint, free, proposal, moved))


def _moved(names: Mapping[str, str], mapped: Mapping[str, str]) -> dict[str, str]:
    """Returns name in the checkpoint -> the name that the caller's name_map made of it, for those that it changed."""
    by_key = {key: name for name, key in mapped.items()}
    return {name: by_key[key] for name, key in names.items() if by_key.get(key, name) != name}


def _sentences(
    report: RestoreReport, checkpoint: Tensors, free: Mapping[str, str], proposal: str, moved: Mapping[str, str]
) -> Iterator[str]:
    yield f"{report.source} does not fit: {_counted(report)}. Nothing was restored."
    hints = _Hints(checkpoint, free)
    for row in report.missing[:_MOST_SHOWN]:
        is_moved = row.name in moved
        hint = f": your name_map calls it {moved[row.name]!r}." if is_moved else hints.nearest(row) or "."
        yield f"  - {row.name!r} ({described(row.dtype, row.shape)}) is not in the checkpoint{_as_key(row)}{hint}"
    if len(report.missing) > _MOST_SHOWN:
        yield f"  - and {len(report.missing) - _MOST_SHOWN} more that are not in the checkpoint."
    for wrong in report.mismatched[:_MOST_SHOWN]:
        yield _mismatch_line(wrong)
    if len(report.mismatched) > _MOST_SHOWN:
        yield f"  - and {len(report.mismatched) - _MOST_SHOWN} more that do not fit."
    if proposal:
        yield proposal
    yield ("Restore only what fits with strict=False, or map tensors to variables with name_map.")


def _proposed(
    report: RestoreReport,
    checkpoint: Tensors,
    names: Mapping[str, str],
    free: Mapping[str, str],
    wanted: Sequence[Wanted],
    matching: Matching,
) -> str:
    """Cases: other numbers in the names; another prefix; several prefixes that fit equally well; nothing."""
    counted = _renumbered_names(report, checkpoint, names, wanted) if matching.name_map is None else {}
    if counted:
        head = "The names differ in their numbers. If the variables have the same order as the numbers, "
        if len(counted) > _MOST_PASTED:
            old, new = next(iter(counted.items()))
            return f"{head}pass a name_map of {len(counted)} names, starting with {old!r}: {new!r}."
        return f"{head}{pasted(counted, matching)}."
    shift = scope_shift(report.missing, checkpoint, free, matching)
    if isinstance(shift, ScopeShift):
        return _shift_sentence(shift, len(report.missing))
    if shift is None:
        return ""
    alike = ", ".join(f"{old!r} for {new!r}" for old, new in shift.shifts)
    return f"Several prefixes of names fit equally well; choose one with name_map: {alike}."


def _renumbered_names(
    report: RestoreReport, checkpoint: Tensors, names: Mapping[str, str], wanted: Sequence[Wanted]
) -> dict[str, str]:
    """Returns name in the checkpoint -> name of the variable, for all that differ only in numbers of the same order."""
    shapes, own = checkpoint.shapes(), names_to_paste(names)
    stored = {name: shapes[key] for name, key in names.items()}
    lost = {row.name for row in report.missing} | {row.name for row in report.mismatched}
    for inner in (False, True):
        asked = {_without_model(item) if inner else item.name: item for item in wanted}
        renumbering = renumbered({name: item.shape for name, item in asked.items()}, stored)
        changed: Mapping[str, str] = {} if renumbering is None else renumbering.changed
        if changed and lost <= {asked[new].name for new in changed.values()}:
            return {own[names[old]]: new for old, new in changed.items()}
    return {}


def _without_model(item: Wanted) -> str:
    inner = item.name.partition("/")[2]
    return inner if inner in item.keys else item.name


def _counted(report: RestoreReport) -> str:
    """Returns "1 of 3 variables was not found in checkpoint, 1 does not match its tensor"."""
    missing, wrong = len(report.missing), len(report.mismatched)
    total = missing + wrong + len(report.restored)
    of_all = f" of {total} variable{'s' if total != 1 else ''}"
    absent = f"{missing}{of_all} {'was' if missing == 1 else 'were'} not found in checkpoint" if missing else ""
    matches = "does not match its tensor" if wrong == 1 else "do not match their tensors"
    unfit = f"{wrong}{'' if missing else of_all} {matches}" if wrong else ""
    return ", ".join(filter(None, (absent, unfit)))


def _mismatch_line(row: Mismatched) -> str:
    as_key = "" if row.key == row.name else f" as {row.key!r}"
    return f"  - {row.name!r}: expected {row.expected}, found {row.found}{as_key}."


def _as_key(row: Missing) -> str:
    return "" if row.name in row.keys else f" as {row.keys[0]!r}" if row.keys else ""


def _shift_sentence(shift: ScopeShift, missing: int) -> str:
    if shift.old and not shift.new:
        where = "Every tensor of the checkpoint" if shift.is_everywhere else f"The tensors of {shift.count} of them"
        verb = "starts" if shift.is_everywhere else "start"
        head = f"{where} {verb} with {shift.old!r}, and the variables do not"
    elif shift.new and not shift.old:
        head = f"The names of {shift.count} of these variables start with {shift.new!r}, those of the checkpoint do not"
    else:
        head = f"The checkpoint has {shift.old!r} where these variables have {shift.new!r}"
    found = "it is" if missing == 1 else f"{shift.count} of the {missing} are"
    return f"{head}: with {shift.arguments} {found} found."


def scope_shift(
    missing: Sequence[Missing], checkpoint: Tensors, names: Mapping[str, str], matching: Matching = DEFAULT
) -> ScopeShift | AmbiguousShift | None:
    """Returns the change of prefix that finds most of the missing variables; None if none finds many.

    Args:
        missing: the variables that were not found.
        checkpoint: the checkpoint.
        names: the names of the tensors that no other variable has -> keys.
        matching: what the caller said of the names already.
    """
    shapes = checkpoint.shapes()
    rated = []
    for old, new in _shifts(missing, shapes, names):
        found = [_found(row, old, new, shapes, names) for row in missing]
        rated.append((sum(key is not None for key in found), -len(old) - len(new), old, new, found))
    if not rated:
        return None
    best = max(rated, key=lambda row: row[:4])
    if best[0] < max(1, _ENOUGH * len(missing)):
        return None
    tied = [row for row in rated if row[0] == best[0]]
    if any(_is_other(row[4], best[4]) for row in tied):
        return AmbiguousShift(tuple((old, new) for _, _, old, new, _ in tied))
    count, _, old, new, _ = best
    head = "/".join(filter(None, (matching.scope, old)))
    keys = [key for key in checkpoint if key != OBJECT_GRAPH_KEY]
    return ScopeShift(old, new, count, all(key.startswith(head) for key in keys), matching)


def _is_other(found: Sequence[str | None], best: Sequence[str | None]) -> bool:
    """Whether two shifts contradict each other: they give a variable two tensors, or a tensor two variables."""
    if any(key is not None and other is not None and key != other for key, other in zip(found, best, strict=True)):
        return True
    owners = {key: number for number, key in enumerate(best) if key is not None}
    return any(key is not None and owners.get(key, number) != number for number, key in enumerate(found))


def _shifts(
    missing: Sequence[Missing], shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Returns the changes that find most of a sample of the missing variables."""
    by_ending: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for ending in _endings(name):
            by_ending[ending].append(name)
    votes: Counter[tuple[str, str]] = Counter()
    for row in missing[:: max(1, len(missing) // _MOST_SAMPLED)]:
        near = ((key, next((by_ending[end] for end in _endings(key) if end in by_ending), [])) for key in row.keys)
        pairs = [(name, key) for key, found in near for name in found[:_MOST_NEAR]]
        votes.update({_prefixes(name, key) for name, key in pairs if fits(shapes[names[name]], row.shape)})
    return [shift for shift, _ in votes.most_common(_MOST_TRIED)]


def _endings(name: str) -> Iterator[str]:
    """Yields a name and what remains of it without the first parts, one after the other."""
    yield name
    for position, letter in enumerate(name, 1):
        if letter == "/":
            yield name[position:]


def _prefixes(stored: str, wanted: str) -> tuple[str, str]:
    """Returns what precedes the common last parts of two names."""
    old, new = stored.split("/"), wanted.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return "".join(f"{part}/" for part in old), "".join(f"{part}/" for part in new)


def _found(
    row: Missing, old: str, new: str, shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]
) -> str | None:
    """Returns the tensor that a variable finds under names with another prefix."""
    found = (names.get(old + key[len(new) :]) for key in row.keys if key.startswith(new))
    return next((key for key in found if key is not None and fits(shapes[key], row.shape)), None)


class _Hints:
    """Suggests similar names, preferably of tensors with the shape of the variable."""

    def __init__(self, checkpoint: Tensors, names: Mapping[str, str]) -> None:
        shapes = checkpoint.shapes()
        self._names = names
        self._by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for name, key in names.items():
            self._by_shape[shapes[key]].append(name)

    def nearest(self, row: Missing) -> str:
        """Returns `; did you mean ...?`, or "" if no name is near."""
        tried = {"", row.name, *row.keys}
        alike = [name for shape, names in self._by_shape.items() if fits(shape, row.shape) for name in names]
        wanted = row.keys[0] if row.keys else row.name
        near = ([name for name in names if name not in tried] for names in (alike, self._names))
        return next(filter(None, (nearest_names(wanted, names) for names in near)), "")
