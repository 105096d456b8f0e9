"""Tensors that are computed from those of a checkpoint: a layout of weights that another layer reads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver.bundle.arrays import Array
from compat_saver.dtypes import DType
from compat_saver.saver.matching.fit import Tensors


@dataclass(frozen=True)
class Converted:
    """A tensor that is computed.

    Attributes:
        sources: the keys of the tensors that it is computed from.
        shape: its shape.
        compute: from the values of the sources, in order.
    """

    sources: tuple[str, ...]
    shape: tuple[int, ...]
    compute: Callable[[Sequence[Any]], Any]


class ConvertedTensors:
    """A checkpoint in which some tensors stand in place of those that they are computed from.

    Attributes:
        original: the checkpoint.
        converted: key -> the tensor; a key may be that of its source.
    """

    def __init__(self, original: Tensors, converted: Mapping[str, Converted]) -> None:
        self.original, self.converted = original, converted
        sources = {key for item in converted.values() for key in item.sources}
        shapes, kinds = original.shapes(), original.dtypes()
        self._shapes = {key: shape for key, shape in shapes.items() if key not in sources}
        self._dtypes = {key: kind for key, kind in kinds.items() if key not in sources}
        self._shapes |= {key: item.shape for key, item in converted.items()}
        self._dtypes |= {key: kinds[item.sources[0]] for key, item in converted.items()}

    @property
    def prefix(self) -> str:
        """The path that it was opened by."""
        return self.original.prefix

    def __iter__(self) -> Iterator[str]:
        left = (key for key in self.original if key in self._shapes and key not in self.converted)
        return itertools.chain(left, self.converted)

    def __getitem__(self, name: str) -> Array:
        return self.read_slice(name, ())

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every tensor."""
        return self._shapes

    def dtypes(self) -> Mapping[str, DType]:
        """The type of every tensor."""
        return self._dtypes

    def read_slice(self, name: str, slices: tuple[slice, ...]) -> Array:
        """A part of a tensor; missing slices take all."""
        item = self.converted.get(name)
        if item is None:
            return self.original.read_slice(name, slices)
        value = item.compute([self.original[key] for key in item.sources])
        return np.ascontiguousarray(value[slices or ()])


def original_of(tensors: Tensors) -> Tensors:
    """Returns the checkpoint as it is in its files."""
    return tensors.original if isinstance(tensors, ConvertedTensors) else tensors
