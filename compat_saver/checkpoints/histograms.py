"""How the values of tensors are distributed, from a bounded sample of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from compat_saver.bundle import Checkpoint
from compat_saver.checkpoints.reading import PathArgument
from compat_saver.checkpoints.statistics import ordered
from compat_saver.checkpoints.values import Flat, Stored
from compat_saver.sources import open_checkpoint

BINS = 24
_MOST_VALUES = 100_000
_READ_WHOLE = 1 << 26
"""In bytes: of a larger tensor only the first part is read."""


@dataclass(frozen=True)
class Histogram:
    """The distribution of the values of a tensor.

    Attributes:
        smallest: the smallest finite value of the sample.
        largest: the largest.
        counts: how many of the sample are in each of BINS equal parts between these.
        unsound: how many of the sample are NaN or infinite.
        is_partial: whether it is of the tensor's first part alone.
    """

    smallest: float
    largest: float
    counts: tuple[int, ...]
    unsound: int
    is_partial: bool = False


def histograms(source: PathArgument, names: Iterable[str]) -> dict[str, Histogram]:
    """Returns the histograms of those tensors of a checkpoint that hold numbers.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        names: tensors; those that are not in the checkpoint are left out.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
    """
    with open_checkpoint(source) as checkpoint:
        found = ((name, _histogram(checkpoint, name)) for name in names if name in checkpoint)
        return {name: item for name, item in found if item is not None}


def histogram_of(array: Flat) -> Histogram | None:
    """Returns the histogram of values in memory; None of strings, and where none is finite."""
    if array.dtype.kind in "OSU" or not array.size:
        return None
    return _of_sample(ordered(array.reshape(-1)[:: max(1, array.size // _MOST_VALUES)]).astype(np.float64))


def _histogram(checkpoint: Checkpoint, name: str) -> Histogram | None:
    stored = Stored(checkpoint, checkpoint.info(name))
    if not stored.dtype.itemsize or not stored.nbytes:
        return None
    most = _READ_WHOLE // stored.dtype.itemsize
    step = max(1, min(stored.nbytes // stored.dtype.itemsize, most) // _MOST_VALUES)
    pieces = [ordered(piece[::step]).astype(np.float64) for piece in _first(stored.pieces(), most)]
    return _of_sample(np.concatenate(pieces), is_partial=stored.nbytes > _READ_WHOLE)


def _first(pieces: Iterator[Flat], most: int) -> Iterator[Flat]:
    for piece in pieces:
        yield piece[:most]
        most -= len(piece)
        if most <= 0:
            return


def _of_sample(values: Flat, is_partial: bool = False) -> Histogram | None:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    width = high - low
    if 0 < width < np.inf:
        position = np.minimum((finite - low) / width * BINS, BINS - 1).astype(int)
    else:  # one value, or so far apart that their distance is no number
        position = np.full(len(finite), BINS // 2)
    counts = np.bincount(position, minlength=BINS)
    return Histogram(low, high, tuple(counts.tolist()), len(values) - len(finite), is_partial)
