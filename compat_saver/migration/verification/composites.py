"""Makes the inputs fit each other that are parts of one sparse or ragged tensor."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding.input_facts import InputFacts
from compat_saver.analysis.feeding.ragged_inputs import RaggedInput, ragged_inputs
from compat_saver.analysis.feeding.sparse_inputs import SparseInput, sparse_inputs
from compat_saver.graph import OpCatalog, Value
from compat_saver.migration.verification.draws import Draw
from compat_saver.model.signature import Tensor

_OTHER_SIZE = 4
_LONGEST_ROW = 4


class NamedInput(NamedTuple):
    """An input of a signature: its key, its tensor, and the value that stands for it in the rewritten graph."""

    key: str
    tensor: Tensor
    value: Value


class Composites:
    """The sparse and ragged tensors among the inputs of a signature.

    Args:
        named: the inputs.
        catalog: the definitions that hold for the graph.
        facts: what is known of an input from the graph.
        recorded: tensor name -> the constant of the original graph that an input takes the place of.
    """

    def __init__(
        self,
        named: Sequence[NamedInput],
        catalog: OpCatalog,
        facts: Callable[[Tensor], InputFacts],
        recorded: Mapping[str, np.ndarray],
    ) -> None:
        self._named = {item.value: item for item in named}
        self._tensors = {item.key: item.tensor for item in named}
        self._catalog, self._facts, self._recorded = catalog, facts, recorded

    @functools.cached_property
    def _sparse(self) -> tuple[SparseInput, ...]:
        names = [(item.tensor.name, value) for value, item in self._named.items()]
        keys = {item.key: value for value, item in self._named.items()}
        return tuple(sparse_inputs(names, self._catalog, keys))

    @functools.cached_property
    def _ragged(self) -> tuple[RaggedInput, ...]:
        return tuple(ragged_inputs([(key, tensor.name) for key, tensor in self._tensors.items()]))

    def parts(self) -> dict[str, str]:
        """Returns the key of each part -> what it is a part of."""
        sparse = (part for item in self._sparse for part in (item.indices, item.values, item.shape))
        found = {self._named[part].key: "a sparse tensor" for part in sparse if part is not None}
        ragged = (key for item in self._ragged for key in (item.values, *item.splits))
        return found | dict.fromkeys(ragged, "a ragged tensor")

    def fit(self, feeds: dict[str, np.ndarray], draw: Draw) -> None:
        """Makes all parts anew, in place."""
        for item in self._sparse:
            self._fit_sparse(item, feeds, draw)
        for ragged in self._ragged:
            self._fit_ragged(ragged, feeds, draw)

    def _fit_sparse(self, sparse: SparseInput, feeds: dict[str, np.ndarray], draw: Draw) -> None:
        sizes, entries = self._sizes(sparse, draw.batch), self._entries(sparse)
        if entries is not None and math.prod(sizes) < entries:
            sizes = (math.ceil(entries / math.prod(sizes[1:])), *sizes[1:])
        indices = draw.sparse_indices(sizes, entries)
        feeds[self._named[sparse.indices].key] = indices
        values = self._named[sparse.values]
        feeds[values.key] = self._drawn(values.tensor, (len(indices),), draw)
        if sparse.shape is not None:
            feeds[self._named[sparse.shape].key] = np.array(sizes, np.int64)

    def _sizes(self, sparse: SparseInput, batch: int) -> tuple[int, ...]:
        recorded = None if sparse.shape is None else self._recorded.get(self._named[sparse.shape].tensor.name)
        if recorded is not None:
            return tuple(recorded.tolist())
        inner = (_OTHER_SIZE,) * (sparse.rank - 2)
        columns = batch if sparse.is_square else sparse.columns or _OTHER_SIZE
        return (batch, *inner, columns)[-sparse.rank :]

    def _entries(self, sparse: SparseInput) -> int | None:
        """Returns how many elements the shapes of the parts declare; None if they leave it open."""
        shapes = (self._named[part].tensor.shape for part in (sparse.values, sparse.indices))
        return next((shape[0] for shape in shapes if shape and shape[0] is not None), None)

    def _fit_ragged(self, ragged: RaggedInput, feeds: dict[str, np.ndarray], draw: Draw) -> None:
        declared = self._tensors[ragged.splits[0]].shape
        rows = draw.batch if not declared or declared[0] is None else declared[0] - 1
        for key in ragged.splits:
            ends = np.cumsum(draw.rng.integers(1, _LONGEST_ROW, rows))
            dtype = dtypes.by_number(self._tensors[key].dtype).numpy
            feeds[key] = np.concatenate([[0], ends]).astype(dtype)
            rows = int(feeds[key][-1])
        values = self._tensors[ragged.values]
        feeds[ragged.values] = self._drawn(values, (rows, *feeds[ragged.values].shape[1:]), draw)

    def _drawn(self, tensor: Tensor, shape: tuple[int, ...], draw: Draw) -> np.ndarray:
        return draw.array(self._facts(tensor), dtypes.by_number(tensor.dtype), shape)
