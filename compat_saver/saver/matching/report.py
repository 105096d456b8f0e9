"""The outcome of restoring for every variable and tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape
from compat_saver.graph.text import format_shape

_MOST_SHOWN = 20


@dataclass(frozen=True)
class Restored:
    """A variable whose value comes from the checkpoint.

    Attributes:
        name: of the variable.
        keys: the tensor of the checkpoint; several if the variable was joined from parts; none if the graph's saver
            assembles it.
        dtype: its name, such as "float32".
        shape: of the variable.
    """

    name: str
    keys: tuple[str, ...]
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Missing:
    """A variable that the checkpoint does not hold.

    Attributes:
        name: of the variable.
        keys: the names under which it was looked for.
        dtype: its name.
        shape: of the variable, as far as it is known; None for an unknown rank.
    """

    name: str
    keys: tuple[str, ...]
    dtype: str
    shape: Shape


@dataclass(frozen=True)
class Mismatched:
    """A variable whose tensor in the checkpoint does not match.

    Attributes:
        name: of the variable.
        key: the tensor.
        expected: dtype and shape of the variable.
        found: dtype and shape of the tensor.
    """

    name: str
    key: str
    expected: str
    found: str


@dataclass(frozen=True)
class RestoreReport:
    """The outcome of restoring from a checkpoint.

    Attributes:
        source: the prefix of the checkpoint.
        restored: the variables whose values come from it.
        missing: the variables that are not in it; they are unchanged.
        unexpected: the tensors of the checkpoint that belong to no variable.
        mismatched: the variables whose tensors have another dtype or shape; they are unchanged.
        notes: what the user should know of how the tensors were found, a sentence each.
    """

    source: str
    restored: tuple[Restored, ...] = ()
    missing: tuple[Missing, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[Mismatched, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every variable has its value."""
        return not self.missing and not self.mismatched

    def as_dict(self) -> dict[str, Any]:
        """Returns the report as plain lists and dicts, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f"{self.source}: {len(self.restored)} restored, {len(self.missing)} missing, "
            f"{len(self.unexpected)} unexpected, {len(self.mismatched)} mismatched"
        )
        yield from listed("missing", (f"{row.name}  {described(row.dtype, row.shape)}" for row in self.missing))
        yield from listed(
            "mismatched", (f"{row.name}  expected {row.expected}, found {row.found}" for row in self.mismatched)
        )
        yield from listed("unexpected", self.unexpected)
        yield from listed("note", self.notes)


def described(dtype: str | int, shape: Shape) -> str:
    """Returns "float32 [3, 4]"; the dtype by name or DT_* number."""
    name = dtype if isinstance(dtype, str) else dtypes.name_of(dtype)
    return f"{name} of unknown shape" if shape is None else f"{name} {format_shape(shape)}"


def listed(word: str, rows: Iterable[str]) -> Iterator[str]:
    """Yields a line per row, each after the word for its kind; a long list is cut off with a count."""
    chosen = list(rows)
    for row in chosen[:_MOST_SHOWN]:
        yield f"  {word:<11} {row}"
    if len(chosen) > _MOST_SHOWN:
        yield f"  {word:<11} and {len(chosen) - _MOST_SHOWN} more"
