"""A bounded picture of two arrays: some pairs of values, and how many differences there are of each size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_PAIRS = 300
SMALLEST, LARGEST = -12, 6
"""The exponents that are told apart; smaller and larger differences count as these."""


@dataclass(frozen=True)
class Spread:
    """Values of an output beside those of the original.

    Attributes:
        pairs: (original, found) of at most MOST_PAIRS finite elements; the first is the one that differs most.
        equal: how many elements are equal.
        decades: (e, how many differences are at least 10**e and less than 10**(e + 1)), in the order of e.
    """

    pairs: tuple[tuple[float, float], ...]
    equal: int
    decades: tuple[tuple[int, int], ...]

    def joined(self, other: Spread) -> Spread:
        """Returns both as one."""
        worst = max((item.pairs[0] for item in (self, other) if item.pairs), key=_gap, default=None)
        pairs = [*self.pairs, *other.pairs]
        counts = dict(self.decades)
        for exponent, count in other.decades:
            counts[exponent] = counts.get(exponent, 0) + count
        return Spread(_thinned(pairs, worst), self.equal + other.equal, tuple(sorted(counts.items())))


def spread_of(original: np.ndarray, found: np.ndarray) -> Spread:
    """Returns the spread of two arrays of numbers of one shape; of complex ones, that of their magnitudes."""
    a, b = (np.abs(x) if x.dtype.kind == "c" else x.astype(np.float64, copy=False) for x in (original, found))
    a, b = a.reshape(-1), b.reshape(-1)
    finite = np.isfinite(a) & np.isfinite(b)
    same = int(np.count_nonzero((a == b) | (np.isnan(a) & np.isnan(b))))
    a, b = a[finite], b[finite]
    gaps = np.abs(a - b)
    gaps = gaps[gaps > 0]
    exponents = np.clip(np.floor(np.log10(gaps)), SMALLEST, LARGEST).astype(int)
    values, counts = np.unique(exponents, return_counts=True)
    decades = tuple(zip(values.tolist(), counts.tolist(), strict=True))
    return Spread(_sample(a, b), same, decades)


def _sample(a: np.ndarray, b: np.ndarray) -> tuple[tuple[float, float], ...]:
    if not a.size:
        return ()
    worst = int(np.argmax(np.abs(a - b)))
    chosen = [worst, *np.linspace(0, a.size - 1, min(a.size, MOST_PAIRS - 1)).astype(int).tolist()]
    return tuple(zip(a[chosen].tolist(), b[chosen].tolist(), strict=True))


def _thinned(pairs: list[tuple[float, float]], worst: tuple[float, float] | None) -> tuple[tuple[float, float], ...]:
    if worst is None:
        return ()
    step = math.ceil(len(pairs) / (MOST_PAIRS - 1))
    return (worst, *pairs[::step])


def _gap(pair: tuple[float, float]) -> float:
    return abs(pair[0] - pair[1])
