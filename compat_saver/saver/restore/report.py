"""What became of a model that was opened for a session: its variables, and what its graph is not that it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compat_saver.saver.matching.report import RestoreReport, listed


@dataclass(frozen=True)
class Uninitialised:
    """A variable that has no value.

    Attributes:
        name: of the variable.
        reason: why not, a phrase.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class ModelReport(RestoreReport):
    """What a checkpoint gave a graph, and what the graph had to do without.

    Attributes:
        initialised: the variables that begin as the graph's own initialisers have it, for no checkpoint holds them.
        uninitialised: the variables that have no value.
    """

    initialised: tuple[str, ...] = ()
    uninitialised: tuple[Uninitialised, ...] = ()

    def _lines(self) -> Iterator[str]:
        first, *rest = super()._lines()
        yield f"{first}, {len(self.initialised)} initialised, {len(self.uninitialised)} without a value"
        yield from rest
        yield from listed("initialised", self.initialised)
        yield from listed("no value", (f"{item.name}  {item.reason}" for item in self.uninitialised))


def model_report(found: RestoreReport, besides: RestoreReport) -> ModelReport:
    """Returns the report of what a saver asked for together with that of what was found besides.

    Args:
        found: of the variables that the saver asks for.
        besides: of others, whose absence is no news.
    """
    used = {key for row in (*found.restored, *besides.restored) for key in row.keys}
    return ModelReport(
        found.source,
        restored=(*found.restored, *besides.restored),
        missing=found.missing,
        unexpected=tuple(key for key in found.unexpected if key not in used),
        mismatched=found.mismatched,
    )
