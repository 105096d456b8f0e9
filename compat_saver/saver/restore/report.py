"""Report of restore(): the outcome for each variable, and how the imported graph differs from the original."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compat_saver.saver.matching.report import RestoreReport, listed


@dataclass(frozen=True)
class Uninitialized:
    """A variable that has no value.

    Attributes:
        name: of the variable.
        reason: why not, a phrase.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class ModelReport(RestoreReport):
    """Outcome of restoring a model: what the checkpoint provided, and what was initialized instead.

    Attributes:
        initialized: the variables that the graph's own initializers set, since the checkpoint does not hold them.
        uninitialized: the variables that have no value.
    """

    initialized: tuple[str, ...] = ()
    uninitialized: tuple[Uninitialized, ...] = ()

    def _lines(self) -> Iterator[str]:
        first, *rest = super()._lines()
        yield f"{first}, {len(self.initialized)} initialized, {len(self.uninitialized)} without a value"
        yield from rest
        yield from listed("initialized", self.initialized)
        yield from listed("no value", (f"{item.name}  {item.reason}" for item in self.uninitialized))


def model_report(found: RestoreReport, additional: RestoreReport) -> ModelReport:
    """Returns one report for the variables of the saver and the additional ones.

    Args:
        found: of the variables that the saver restores.
        additional: of other variables; those that the checkpoint lacks are not reported.
    """
    used = {key for row in (*found.restored, *additional.restored) for key in row.keys}
    return ModelReport(
        found.source,
        restored=(*found.restored, *additional.restored),
        missing=found.missing,
        unexpected=tuple(key for key in found.unexpected if key not in used),
        mismatched=found.mismatched,
    )
