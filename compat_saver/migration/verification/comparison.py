"""Compares the outputs of two models."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from compat_saver.migration.verification.spread import Spread, spread_of

RTOL = 1e-5
ATOL = 1e-6
_HALF_RTOL = 1e-2
_HALF_ATOL = 1e-3


@dataclass(frozen=True)
class Comparison:
    """How two arrays compare.

    Attributes:
        max_abs_diff: the largest absolute difference; None where there is none (strings, other shapes).
        bitwise_equal: whether all elements are the same, NaN equal to NaN.
        problem: one phrase if they differ beyond tolerance, else "".
        elements: how many were compared.
        finite: whether all elements of the original are finite numbers.
        is_undefined: whether there are elements, and none of the original is a finite number.
        spread: a sample of both, and the sizes of the differences; None where there are no numbers to compare.
    """

    max_abs_diff: float | None
    bitwise_equal: bool
    problem: str
    elements: int = 0
    finite: bool = True
    is_undefined: bool = False
    spread: Spread | None = None

    @property
    def _gap(self) -> float:
        return self.max_abs_diff or 0.0 if self.problem else -1.0

    def worse_of(self, other: Comparison) -> Comparison:
        """Returns both as one: the larger difference, and every doubt."""
        spreads = [item.spread for item in (self, other) if item.spread is not None]
        known = [item for item in (self.max_abs_diff, other.max_abs_diff) if item is not None]
        return Comparison(
            max_abs_diff=max(known) if known else None,
            bitwise_equal=self.bitwise_equal and other.bitwise_equal,
            problem=other.problem if other._gap > self._gap else self.problem or other.problem,
            elements=self.elements + other.elements,
            finite=self.finite or other.finite,
            is_undefined=self.is_undefined and other.is_undefined,
            spread=functools.reduce(Spread.joined, spreads) if spreads else None,
        )


def tolerances(dtype: np.dtype, rtol: float | None, atol: float | None) -> tuple[float, float]:
    """Returns the requested tolerance, or the default of a dtype: looser where 16 bits or fewer leave no choice."""
    half = dtype.itemsize <= 2 and dtype.kind not in "iub"
    return (
        (_HALF_RTOL if half else RTOL) if rtol is None else rtol,
        (_HALF_ATOL if half else ATOL) if atol is None else atol,
    )


def compare(original: np.ndarray, found: np.ndarray, rtol: float | None, atol: float | None) -> Comparison:
    """Compares an output of a model with that of the original.

    Integers, truth values and strings must be equal; other numbers within `atol + rtol * |original|`, a NaN where there
    was a NaN and an infinity where there was that infinity.
    """
    if original.shape != found.shape:
        return Comparison(None, False, f"shape {list(found.shape)} instead of {list(original.shape)}")
    if original.dtype.kind in "OS":
        return _compare_exact(original.astype(object), found.astype(object))
    if original.dtype != found.dtype:
        return Comparison(None, False, f"dtype {found.dtype} instead of {original.dtype}")
    if original.dtype.kind in "biu":
        return _compare_exact(original, found)
    wide = np.complex128 if original.dtype.kind == "c" else np.float64
    a, b = original.astype(wide), found.astype(wide)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(a - b))
    rtol, atol = tolerances(original.dtype, rtol, atol)
    with np.errstate(invalid="ignore"):
        # Where the original is infinite, so is its tolerance: there only the same infinity will do.
        beyond = ~same & ~((difference <= atol + rtol * np.abs(a)) & np.isfinite(a))
    problem = ""
    if beyond.any():
        worst = np.nanmax(difference) if not np.isnan(difference).all() else np.nan
        problem = f"{beyond.sum():,} of {beyond.size:,} elements differ, by up to {worst:.3g}"
    largest = float(np.max(difference, initial=0.0)) if not np.isnan(difference).any() else None
    finite = np.isfinite(a)
    is_undefined = a.size > 0 and not finite.any()
    all_finite, spread = bool(finite.all()), spread_of(a, b)
    return Comparison(largest, bool(same.all()), problem, a.size, all_finite, is_undefined, spread)


def _compare_exact(original: np.ndarray, found: np.ndarray) -> Comparison:
    different = np.asarray(original != found)
    count = int(different.sum())
    problem = f"{count:,} of {different.size:,} elements differ" if count else ""
    largest = spread = None
    if original.dtype.kind in "biu":
        spread = spread_of(original, found)
        gap = np.abs(original.astype(np.float64) - found.astype(np.float64))
        largest = float(np.max(gap, initial=0.0))
    return Comparison(largest, count == 0, problem, original.size, spread=spread)
