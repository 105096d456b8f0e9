"""Names that Keras and TF1 generate with numbers: `dense`, `dense_1`, `sequential_2/dense_3`.

A model that is built again continues the numbering: its layers are `dense_2` and `dense_3`. The order of the numbers
matches them, if both sides have as many numbers, the same kinds of weights belong to each, and all shapes agree.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from compat_saver.analysis.values.weights import fits
from compat_saver.graph.attributes import Shape

_NUMBERED = re.compile(r"(.+)_(0|[1-9]\d*)")
_FIRST = -1
"""Represents the number of a name without one, which comes first."""

Part = tuple[str, int]


@dataclass(frozen=True)
class Renumbering:
    """Name of a checkpoint -> name of the variable, in order of the numbers.

    Attributes:
        names: name in the checkpoint -> name of the variable; with those that are the same.
        parts: the parts of names that change: `dense` -> `dense_2`.
        is_clear: whether only the order can decide: no number is used on both sides, and no numbered name is left over
            on either side.
    """

    names: Mapping[str, str]
    parts: Mapping[str, str]
    is_clear: bool

    @property
    def changed(self) -> dict[str, str]:
        """The names with a part that changes."""
        moved = {_part(new) for new in self.parts.values()}
        return {old: new for old, new in self.names.items() if not moved.isdisjoint(_parts(new))}


def renumbered(wanted: Mapping[str, Shape], stored: Mapping[str, tuple[int, ...]]) -> Renumbering | None:
    """Returns how other numbers turn the names in a checkpoint into those of variables; None if they do not.

    Args:
        wanted: name of the variable -> shape, as far as it is known.
        stored: name in the checkpoint -> shape.
    """
    kinds = {kind_of(name) for name in wanted} & {kind_of(name) for name in stored}
    new = {name: _parts(name) for name in wanted if kind_of(name) in kinds}
    old = {name: _parts(name) for name in stored if kind_of(name) in kinds}
    was, now = _counts(old.values()), _counts(new.values())
    moved = {stem for stem in was if was[stem] != now[stem]}
    if not moved or len(old) != len(new) or any(len(was[stem]) != len(now[stem]) for stem in moved):
        return None
    order = {
        (stem, number): (stem, other)
        for stem in was
        for number, other in zip(sorted(was[stem]), sorted(now[stem]), strict=True)
    }
    by_parts = {parts: name for name, parts in new.items()}
    names = {name: by_parts.get(tuple(order[part] for part in parts), "") for name, parts in old.items()}
    if not all(found and fits(stored[name], wanted[found]) for name, found in names.items()):
        return None
    parts = {_text(part): _text(other) for part, other in sorted(order.items()) if part != other}
    is_apart = all(was[stem].isdisjoint(now[stem]) for stem in moved)
    left = (*(wanted.keys() - new.keys()), *_left_over(stored, old))
    is_whole = all(moved.isdisjoint(kind_of(name)) for name in left)
    return Renumbering(names, parts, is_apart and is_whole)


def stem_of(part: str) -> str:
    """Returns a part of a name without its number: "dense" of "dense_2"."""
    return _part(part)[0]


def _left_over(stored: Iterable[str], used: Mapping[str, object]) -> Iterator[str]:
    """Yields the names that are neither used nor belong to a used one, as `dense/kernel/Adam` does."""
    for name in stored:
        parts = name.split("/")
        pieces = ("/".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1))
        if not any(piece in used for piece in pieces):
            yield name


def _parts(name: str) -> tuple[Part, ...]:
    return tuple(_part(part) for part in name.split("/"))


def _part(text: str) -> Part:
    found = _NUMBERED.fullmatch(text)
    return (text, _FIRST) if found is None else (found[1], int(found[2]))


def _text(part: Part) -> str:
    stem, number = part
    return stem if number == _FIRST else f"{stem}_{number}"


def kind_of(name: str) -> tuple[str, ...]:
    """Returns the parts of a name without their numbers: `dense`, `kernel` of `dense_2/kernel`."""
    return tuple(stem for stem, _ in _parts(name))


def _counts(names: Iterable[tuple[Part, ...]]) -> dict[str, set[int]]:
    """Returns stem -> the numbers with which it is used."""
    found: dict[str, set[int]] = defaultdict(set)
    for parts in names:
        for stem, number in parts:
            found[stem].add(number)
    return found
