"""What can be asked of a file of weights, be it a checkpoint or a file of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from compat_saver.bundle.arrays import Array
from compat_saver.dtypes import DType


class Tensors(Protocol):
    """Named tensors that are read when they are asked for; `Checkpoint` is one."""

    @property
    def prefix(self) -> str:
        """What it was opened by."""

    def __iter__(self) -> Iterator[str]: ...

    def __getitem__(self, name: str, /) -> Array: ...

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every tensor."""

    def dtypes(self) -> Mapping[str, DType]:
        """The type of every tensor."""

    def read_slice(self, name: str, slices: tuple[slice, ...], /) -> Array:
        """A part of a tensor; missing slices take all."""
