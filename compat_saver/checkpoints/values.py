"""Where the values of a tensor that is to be written come from: a checkpoint, a computation, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from compat_saver import dtypes
from compat_saver.bundle import BundleWriter, Checkpoint, SliceSpec, TensorInfo
from compat_saver.dtypes import DType

Flat = npt.NDArray[Any]
"""Some elements of a tensor, in row-major order."""

Slices = tuple[slice, ...]

PIECE = 1 << 20
"""Elements that a computation takes at a time; larger pieces of a file are cut."""


class Values(Protocol):
    """The values of one tensor, read when they are written."""

    @property
    def dtype(self) -> DType:
        """The type of the elements."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The full shape."""

    @property
    def nbytes(self) -> int:
        """Bytes that will be written, nearly; what progress counts to."""

    def write(self, writer: BundleWriter, name: str) -> None:
        """Adds them to a bundle."""

    def chunks(self) -> Iterator[memoryview]:
        """Yields numbers as files have them: row-major and little-endian."""

    def strings(self) -> Flat:
        """Returns an array of bytes objects."""


@dataclass(frozen=True)
class Stored:
    """A tensor of a checkpoint, unaltered: its bytes go from file to file.

    Attributes:
        checkpoint: where it is.
        info: what the checkpoint records of it.
        join: whether one that is partitioned is joined.
    """

    checkpoint: Checkpoint
    info: TensorInfo
    join: bool = False

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self.info.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The full shape."""
        return self.info.shape

    @property
    def nbytes(self) -> int:
        """Bytes in the checkpoint."""
        return self.info.nbytes

    def write(self, writer: BundleWriter, name: str) -> None:
        """Adds them to a bundle."""
        writer.copy(name, self.checkpoint, self.info.name, keep_slices=not self.join)

    def chunks(self, slices: Slices = ()) -> Iterator[memoryview]:
        """Yields numbers as files have them, of all or of a part."""
        return self.checkpoint.stream(self.info.name, slices)

    def strings(self) -> Flat:
        """Returns an array of bytes objects."""
        return self.checkpoint[self.info.name]

    def pieces(self, slices: Slices = ()) -> Iterator[Flat]:
        """Yields numbers as flat arrays, each valid until the next is requested."""
        return as_arrays(self.chunks(slices), self.info.dtype)


@dataclass(frozen=True)
class Numbers:
    """Numbers that are computed, or read from elsewhere, piece by piece.

    Attributes:
        dtype: their type.
        shape: the full shape.
        compute: yields them, all or a part, as files have them.
        slices: the parts in which they are to be stored; empty for one piece.
    """

    dtype: DType
    shape: tuple[int, ...]
    compute: Callable[[Slices], Iterator[memoryview]]
    slices: Sequence[SliceSpec] = ()

    @property
    def nbytes(self) -> int:
        """Bytes that will be written."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    def write(self, writer: BundleWriter, name: str) -> None:
        """Adds them to a bundle."""
        if not self.slices:
            writer.add_stream(name, self.dtype, self.shape, self.compute(()))
        for spec in self.slices:
            writer.add_stream(name, self.dtype, self.shape, self.compute(spec.box(self.shape)), spec)

    def chunks(self) -> Iterator[memoryview]:
        """Yields them as files have them."""
        return self.compute(())

    def strings(self) -> Flat:
        """Numbers are no strings."""
        raise TypeError(f"{self.dtype.name} is no string")


@dataclass(frozen=True)
class Strings:
    """An array of strings in memory."""

    array: Flat

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return dtypes.by_name("string")

    @property
    def shape(self) -> tuple[int, ...]:
        """The full shape."""
        return self.array.shape

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return sum(map(len, self.array.flat))

    def write(self, writer: BundleWriter, name: str) -> None:
        """Adds them to a bundle."""
        writer.add(name, self.array, self.dtype)

    def chunks(self) -> Iterator[memoryview]:
        """Strings have no plain bytes."""
        raise TypeError("strings have no plain bytes")

    def strings(self) -> Flat:
        """Returns the array."""
        return self.array


def as_arrays(chunks: Iterator[memoryview], dtype: DType) -> Iterator[Flat]:
    """Yields the elements that little-endian bytes are, at most PIECE at a time; no piece is empty."""
    for chunk in chunks:
        array = np.frombuffer(chunk, dtype.numpy)
        for start in range(0, len(array), PIECE):
            yield array[start : start + PIECE]


def together(*streams: Iterator[Flat]) -> Iterator[tuple[Flat, ...]]:
    """Yields equally long pieces of equally long streams, however each of them is cut.

    All streams are read to their ends, where checksums are checked.
    """
    heads: list[Flat] = [np.empty(0)] * len(streams)
    while True:
        heads = [head if len(head) else next(stream, head) for head, stream in zip(heads, streams, strict=True)]
        size = min(map(len, heads), default=0)
        if not size:
            return
        yield tuple(head[:size] for head in heads)
        heads = [head[size:] for head in heads]
