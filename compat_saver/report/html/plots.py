"""Numbers as coordinates of plots: what the templates draw as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compat_saver.checkpoints.histograms import Histogram
from compat_saver.migration.verification.spread import SMALLEST, Spread

SIDE = 200
"""Width and height of a plot of points."""


class Scale(NamedTuple):
    """An axis: the numbers at its ends."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Returns where a value is on the axis, between 0 and SIDE."""
        return round((value - self.low) / (self.high - self.low) * SIDE, 1)


@dataclass(frozen=True)
class Points:
    """Original against migrated.

    Attributes:
        scale: both axes.
        places: x and y of every point, from the lower left corner; each place once.
    """

    scale: Scale
    places: tuple[tuple[float, float], ...]


def points_of(spread: Spread) -> Points | None:
    """Returns the points of a spread; None if it has no finite values."""
    values = [value for pair in spread.pairs for value in pair]
    if not values:
        return None
    low, high = min(values), max(values)
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    scale = Scale(low - margin, high + margin)
    places = ((scale.place(x), scale.place(y)) for x, y in spread.pairs)
    return Points(scale, tuple(dict.fromkeys(places)))


@dataclass(frozen=True)
class Bar:
    """A bar: what it counts, how many there are, and its height as a part of the highest."""

    label: str
    count: int
    height: float


def bars_of(spread: Spread) -> list[Bar]:
    """Returns a bar for the elements that are equal, and one for each size of difference in between."""
    counts = dict(spread.decades)
    labels = [("equal", spread.equal)]
    if counts:
        exponents = range(min(counts), max(counts) + 1)
        labels += [(_power(exponent), counts.get(exponent, 0)) for exponent in exponents]
    most = max(count for _, count in labels) or 1
    return [Bar(label, count, round(count / most, 4)) for label, count in labels]


def _power(exponent: int) -> str:
    return f"<1e{exponent + 1}" if exponent == SMALLEST else f"1e{exponent}"


def outline_of(histogram: Histogram, width: int, height: int) -> str:
    """Returns the outline of a histogram as the path of an SVG."""
    return " ".join(_outline(histogram.counts, width, height))


def _outline(counts: Sequence[int], width: int, height: int) -> Iterator[str]:
    most = max(counts) or 1
    step = width / len(counts)
    yield f"M0 {height}"
    for number, count in enumerate(counts):
        yield f"V{height - count / most * height:.1f}H{(number + 1) * step:.1f}"
    yield f"V{height}Z"
