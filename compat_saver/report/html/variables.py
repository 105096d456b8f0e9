"""The rows of a page's table of variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.checkpoints.histograms import Histogram
from compat_saver.graph.attributes import Shape
from compat_saver.inspection import Inspection
from compat_saver.migration import MigrationReport

MOST_ROWS = 400


class VariableRow(NamedTuple):
    """A variable.

    Attributes:
        name: its name.
        dtype: its data type's name.
        shape: its shape.
        nbytes: its size.
        share: that as a part of the largest.
        role: what it is for, or where its value comes from.
        histogram: how its values are distributed; None where that is not known.
    """

    name: str
    dtype: str
    shape: Shape
    nbytes: int
    share: float
    role: str
    histogram: Histogram | None


def kept_variables(report: MigrationReport, histograms: Mapping[str, Histogram]) -> list[VariableRow]:
    """Returns the first of the variables that a migration kept."""
    largest = max((item.nbytes for item in report.weights), default=0) or 1
    origins = {
        **dict.fromkeys(report.averaged, "moving average"),
        **dict.fromkeys(report.untrained, "initialized"),
        **dict.fromkeys(report.made, "made of a constant"),
    }
    return [
        VariableRow(
            item.name,
            dtypes.name_of(item.dtype),
            item.shape,
            item.nbytes,
            item.nbytes / largest,
            ", ".join(filter(None, ("trainable" if item.trainable else "fixed", origins.get(item.name, "")))),
            histograms.get(item.name),
        )
        for item in report.weights[:MOST_ROWS]
    ]


def shown_variables(found: Inspection, histograms: Mapping[str, Histogram]) -> Iterator[VariableRow]:
    """Yields the first of the variables that an inspection found."""
    largest = max((item.nbytes for item in found.variables), default=0) or 1
    for item in found.variables[:MOST_ROWS]:
        missing = " (not in the checkpoint)" if item.stored is False else ""
        share, histogram = item.nbytes / largest, histograms.get(item.name)
        yield VariableRow(item.name, item.dtype, item.shape, item.nbytes, share, item.role + missing, histogram)
