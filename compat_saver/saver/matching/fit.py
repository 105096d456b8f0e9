"""Finds the tensor for each variable: matched by name, checked by dtype and shape, before anything runs.

A partitioned variable is stored as slices of one tensor, and then any part or the whole of it can be read. Where its
parts were saved one by one (`w/part_0`, `w/part_1`), they are joined along the axis in which their lengths add up to
that of the variable; and parts that are wanted under such names are cut out of a whole tensor in the same way.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.values.weights import Part, fits
from compat_saver.bundle.arrays import Array
from compat_saver.dtypes import DType
from compat_saver.graph.attributes import Shape
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.matching.report import Mismatched, Missing, Restored, RestoreReport, described

_PART = re.compile(r"(.+)/part_(\d+)")


class Tensors(Protocol):
    """Named tensors, each read on access: a `Checkpoint` or a `KerasFile`."""

    @property
    def prefix(self) -> str:
        """The path that it was opened by."""

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, name: str, /) -> Array: ...

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every tensor."""

    def dtypes(self) -> Mapping[str, DType]:
        """The type of every tensor."""

    def read_slice(self, name: str, slices: tuple[slice, ...], /) -> Array:
        """A part of a tensor; missing slices take all."""


def whole_of(name: str) -> str:
    """Returns the name of the whole of a part, `w` for `w/part_0`; any other name as it is."""
    found = _PART.fullmatch(name)
    return name if found is None else found[1]


@dataclass(frozen=True)
class Wanted:
    """A variable to be filled.

    Attributes:
        name: the name by which its program knows it.
        dtype: DT_* number.
        shape: of its value, as far as it is known.
        keys: the names under which a checkpoint may hold it, likeliest first.
        part: the part of the tensor that is its value; None for the whole.
        is_reshaped: whether a value of another shape and the same size will do.
        number: distinguishes variables of the same name.
    """

    name: str
    dtype: int
    shape: Shape
    keys: tuple[str, ...]
    part: Part | None = None
    is_reshaped: bool = False
    number: int = 0


@dataclass(frozen=True)
class Match:
    """A variable and where its value is stored.

    Attributes:
        wanted: the variable.
        name: the one of its `keys` under which it was found.
        keys: the tensor of the checkpoint; several are joined.
        axis: along which several are joined.
        box: the part of the tensor, joined or not; empty for the whole.
    """

    wanted: Wanted
    name: str
    keys: tuple[str, ...]
    axis: int = 0
    box: tuple[slice, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the value is stored where the variable's own saver looks for it."""
        own = self.wanted.part.box if self.wanted.part is not None else ()
        return self.keys == self.wanted.keys[:1] and self.box == own

    def read(self, checkpoint: Tensors, /) -> Array:
        """Returns the value; of one tensor a read-only view of the file, where it can be."""
        if len(self.keys) > 1:
            return np.concatenate([checkpoint[key] for key in self.keys], self.axis)[self.box]
        value = checkpoint.read_slice(self.keys[0], self.box)
        shape = self.wanted.shape
        if self.wanted.is_reshaped and shape is not None and None not in shape:
            return value.reshape([size or 0 for size in shape])
        return value


@dataclass(frozen=True)
class Fit:
    """Which of the wanted variables a checkpoint holds.

    Attributes:
        matches: the variables to fill.
        report: the same for the user, with what is missing.
        wanted: all variables.
    """

    matches: tuple[Match, ...]
    report: RestoreReport
    wanted: tuple[Wanted, ...] = ()


def fit(wanted: Sequence[Wanted], checkpoint: Tensors, names: Mapping[str, str]) -> Fit:
    """Finds every variable in a checkpoint.

    Args:
        wanted: the variables.
        checkpoint: the opened checkpoint; only its index is read.
        names: the names under which its tensors go -> keys, see `stored_names`.
    """
    finder = _TensorFinder(wanted, checkpoint, names)
    found = [finder.find(item) for item in wanted]
    matches = tuple(item for item in found if isinstance(item, Match))
    used = {key for item in found for key in _keys_of(item)}
    report = RestoreReport(
        checkpoint.prefix,
        restored=tuple(finder.row(match) for match in matches),
        missing=tuple(item for item in found if isinstance(item, Missing)),
        unexpected=tuple(key for key in checkpoint if key not in used and key != OBJECT_GRAPH_KEY),
        mismatched=tuple(item for item in found if isinstance(item, Mismatched)),
    )
    return Fit(matches, report, tuple(wanted))


def _keys_of(found: Match | Missing | Mismatched) -> tuple[str, ...]:
    if isinstance(found, Missing):
        return ()
    return found.keys if isinstance(found, Match) else (found.key,)


class _TensorFinder:
    def __init__(self, wanted: Sequence[Wanted], checkpoint: Tensors, names: Mapping[str, str]) -> None:
        self._wanted, self._names = wanted, names
        self._shapes, self._dtypes = checkpoint.shapes(), checkpoint.dtypes()
        self._groups: dict[str, list[Wanted]] | None = None

    def find(self, wanted: Wanted) -> Match | Missing | Mismatched:
        """Cases: a tensor of one of its names; parts to be joined; a whole that it is a part of; a mismatch; none."""
        named = [self._checked(wanted, name) for name in wanted.keys if name in self._names]
        whole = next((item for item in named if isinstance(item, Match)), None)
        if whole is not None:
            return whole
        for name in wanted.keys:
            found = self._joined(wanted, name) or self._cut(wanted, name)
            if found is not None:
                return found
        if named:
            return named[0]
        return Missing(wanted.name, wanted.keys, dtypes.name_of(wanted.dtype), wanted.shape)

    def row(self, match: Match) -> Restored:
        """Returns the row of the report for a match."""
        wanted = match.wanted
        if wanted.shape is not None and None not in wanted.shape:
            shape = tuple(size or 0 for size in wanted.shape)
        elif match.box:
            shape = tuple(item.stop - item.start for item in match.box)
        else:
            shape = self._shapes[match.keys[0]]
        return Restored(wanted.name, match.keys, dtypes.name_of(wanted.dtype), shape)

    def _checked(self, wanted: Wanted, name: str) -> Match | Mismatched:
        key, part = self._names[name], wanted.part
        shape = self._shapes[key]
        expected = wanted.shape if part is None else part.full_shape
        is_fit = fits(shape, expected) or (wanted.is_reshaped and _size(shape) == _size(expected))
        if not is_fit or self._dtypes[key].number != wanted.dtype:
            found = described(self._dtypes[key].number, shape)
            return Mismatched(wanted.name, key, described(wanted.dtype, expected), found)
        return Match(wanted, name, (key,), box=part.box if part is not None else ())

    def _joined(self, wanted: Wanted, name: str) -> Match | None:
        """Returns the match of a variable whose parts were saved one by one."""
        keys = tuple(self._parts(name))
        if not keys or any(self._dtypes[key].number != wanted.dtype for key in keys):
            return None
        shapes = [self._shapes[key] for key in keys]
        full = wanted.shape if wanted.part is None else wanted.part.full_shape
        axis = _axis(shapes, full)
        if axis is None:
            return None
        return Match(wanted, name, keys, axis, wanted.part.box if wanted.part is not None else ())

    def _parts(self, name: str) -> Iterator[str]:
        for number in itertools.count():
            key = self._names.get(f"{name}/part_{number}")
            if key is None:
                return
            yield key

    def _cut(self, wanted: Wanted, name: str) -> Match | None:
        """Returns the match of one of several parts of a tensor that was saved whole."""
        found = _PART.fullmatch(name)
        if found is None or found[1] not in self._names or wanted.shape is None:
            return None
        key, number = self._names[found[1]], int(found[2])
        shapes = [part.shape for part in self._siblings(found[1])]
        if number >= len(shapes) or self._dtypes[key].number != wanted.dtype:
            return None
        axis = _axis(shapes, self._shapes[key])
        if axis is None:
            return None
        start = sum(shape[axis] or 0 for shape in shapes[:number] if shape is not None)
        box = [slice(0, size) for size in self._shapes[key]]
        box[axis] = slice(start, start + (wanted.shape[axis] or 0))
        return Match(wanted, name, (key,), box=tuple(box))

    def _siblings(self, stem: str) -> list[Wanted]:
        """Returns the variables that are the parts of one, in order, as long as none is left out."""
        if self._groups is None:
            self._groups = {}
            numbered = [(part[1], int(part[2]), item) for item in self._wanted for part in _parts_named(item)]
            for name, number, item in sorted(numbered, key=lambda row: row[:2]):
                if number == len(self._groups.setdefault(name, [])):
                    self._groups[name].append(item)
        return self._groups.get(stem, [])


def _parts_named(wanted: Wanted) -> Iterator[re.Match[str]]:
    yield from (found for key in wanted.keys if (found := _PART.fullmatch(key)))


def _axis(shapes: Sequence[Shape], whole: Shape) -> int | None:
    """Returns the axis along which shapes add up to a whole; None if there is none."""
    if whole is None or any(shape is None or len(shape) != len(whole) or None in shape for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    for axis, size in enumerate(whole):
        others_fit = all(
            shape[other] == whole[other] for shape in known for other in range(len(whole)) if other != axis
        )
        if others_fit and sum(shape[axis] or 0 for shape in known) == size:
            return axis
    return None


def _size(shape: Shape) -> int | None:
    return None if shape is None or None in shape else math.prod(size or 0 for size in shape)
