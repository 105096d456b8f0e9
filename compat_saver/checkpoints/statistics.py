"""Smallest, largest and mean value of every tensor, and how many are no numbers: what training left behind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver.bundle import Checkpoint, TensorInfo
from compat_saver.checkpoints.keras_reader import open_any
from compat_saver.checkpoints.reading import PathArgument, matching
from compat_saver.checkpoints.values import Flat, Stored
from compat_saver.checkpoints.write_plan import Progress

Number = int | float


@dataclass(frozen=True)
class TensorStats:
    """What the values of one tensor are like; of complex numbers, what their magnitudes are like.

    Attributes:
        name: the tensor.
        dtype: the name of its type.
        shape: its shape.
        smallest: the smallest finite value; None where there is none, as in strings and empty tensors.
        largest: the largest finite value.
        mean: the mean of the finite values, computed in 64 bits.
        nan: how many values are no numbers.
        inf: how many are infinite.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    smallest: Number | None
    largest: Number | None
    mean: float | None
    nan: int
    inf: int

    @property
    def is_sound(self) -> bool:
        """Whether all values are finite."""
        return not (self.nan or self.inf)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "min": self.smallest,
            "max": self.largest,
            "mean": self.mean,
            "nan": self.nan,
            "inf": self.inf,
        }


@dataclass(frozen=True)
class Stats:
    """The statistics of a checkpoint.

    Attributes:
        prefix: the checkpoint.
        tensors: those of every tensor, by name.
    """

    prefix: str
    tensors: tuple[TensorStats, ...]

    @property
    def unsound(self) -> tuple[TensorStats, ...]:
        """The tensors with NaN or infinite values."""
        return tuple(item for item in self.tensors if not item.is_sound)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "prefix": self.prefix,
            "tensors": [item.to_dict() for item in self.tensors],
            "unsound": [item.name for item in self.unsound],
        }


def stats(source: PathArgument, patterns: Sequence[str] = (), *, progress: Progress | None = None) -> Stats:
    """Reads through a checkpoint and returns what its values are like; memory does not grow with it.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        patterns: shell patterns of the tensors to look at; all by default.
        progress: called with the bytes since the last call, and how many there will be in all.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
        UsageError: a pattern that matches nothing.
    """
    with open_any(os.fspath(source)) as checkpoint:
        chosen = matching(checkpoint, patterns) if patterns else checkpoint.keys()
        infos = [checkpoint.info(name) for name in checkpoint if name in chosen]
        total = sum(info.nbytes for info in infos)
        report = progress or (lambda count, total: None)
        found = []
        for info in infos:
            found.append(_tensor_stats(checkpoint, info))
            report(info.nbytes, total)
        return Stats(checkpoint.prefix, tuple(found))


def _tensor_stats(checkpoint: Checkpoint, info: TensorInfo) -> TensorStats:
    running = _Running()
    if info.dtype.itemsize:
        for piece in Stored(checkpoint, info).pieces():
            running.add(piece)
    return TensorStats(
        info.name,
        info.dtype.name,
        info.shape,
        running.smallest,
        running.largest,
        running.mean,
        running.nan,
        running.inf,
    )


class _Running:
    """Statistics of the pieces so far."""

    def __init__(self) -> None:
        self.smallest: Number | None = None
        self.largest: Number | None = None
        self.nan = self.inf = 0
        self._sum, self._count = 0.0, 0

    def add(self, piece: Flat) -> None:
        finite = self._finite(ordered(piece))
        if len(finite):
            low, high = finite.min().item(), finite.max().item()
            self.smallest = low if self.smallest is None else min(self.smallest, low)
            self.largest = high if self.largest is None else max(self.largest, high)
            self._sum += float(finite.sum(dtype=np.float64))
            self._count += len(finite)

    def _finite(self, piece: Flat) -> Flat:
        if piece.dtype.kind != "f":
            return piece
        sound = np.isfinite(piece)
        if sound.all():
            return piece
        nan = int(np.isnan(piece).sum())
        self.nan += nan
        self.inf += int(len(piece) - sound.sum()) - nan
        return piece[sound]

    @property
    def mean(self) -> float | None:
        return self._sum / self._count if self._count else None


def ordered(piece: Flat) -> Flat:
    """Returns numbers as a type that numpy orders and sums well: magnitudes of complex ones, plain wide types."""
    if piece.dtype.kind == "c":
        return np.abs(piece)
    if piece.dtype.kind == "b":
        return piece.view(np.uint8)
    if piece.dtype.kind in "iu" or piece.dtype in (np.float32, np.float64):
        return piece
    is_integer = piece.dtype.name.startswith(("int", "uint"))
    return piece.astype(np.int32 if is_integer else np.float32)
