"""Inputs to verify with: generated from dtypes, shapes and what the graph does with them, or read from a file."""

from __future__ import annotations

import functools
import itertools
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding.input_facts import InputFacts, Meaning, Vocabularies, input_facts
from compat_saver.analysis.feeding.size_hints import SizeHints, size_hints
from compat_saver.analysis.feeding.sparse_inputs import SparseInput, sparse_inputs
from compat_saver.errors import UsageError, nearest_names
from compat_saver.graph import Graph, OpCatalog, Value
from compat_saver.graph.attributes import Shape
from compat_saver.migration.verification.draws import STYLES, Draw
from compat_saver.model.signature import Signature, Tensor, full_name

Feeds = dict[str, np.ndarray]
"""Signature key -> array."""

_BATCHES = (3, 1)
_OTHER_SIZE = 4
_INTEGERS = (4, 1)
_UNKNOWN_RANKS = (2, 1, 0, 3, 4)
_MOST_GUESSES = 24
_IMAGE_SIZE = 16


@dataclass(frozen=True)
class Guess:
    """Sizes for all that the shapes leave open.

    Attributes:
        batches: for an unknown first dimension, one batch each.
        size: for every other unknown dimension; None for that of the batch, where it is unknown which is which.
        rank: for shapes of unknown rank.
        integers: what integers stay below of which nothing is known.
    """

    batches: tuple[int, ...] = _BATCHES
    size: int | None = _OTHER_SIZE
    rank: int = 0
    integers: int = _INTEGERS[0]

    def shape(self, shape: Shape, batch: int) -> tuple[int, ...]:
        """Returns a full shape that fits one that is partly known."""
        shape = (None,) * self.rank if shape is None else shape
        size = batch if self.size is None else self.size
        sizes = [size if known is None else known for known in shape]
        if shape and shape[0] is None:
            sizes[0] = batch
        return tuple(sizes)


class SampleMaker:
    """Makes inputs for the signatures of one graph.

    Every input stays within what is known from the graph (`analysis.feeding`). Floats of which nothing is known are
    drawn once from a normal distribution and once from 0 to 1.

    Args:
        graph: the rewritten graph, in which an input's uses can be followed.
        input_nodes: tensor name -> the placeholder that stands for it.
        seed: makes the same inputs again.
        vocabularies: the keys of the graph's tables.
    """

    def __init__(
        self, graph: Graph, input_nodes: Mapping[str, str], seed: int, vocabularies: Vocabularies | None = None
    ) -> None:
        self._graph = graph
        # An input that no output needs is not in the graph; it is fed all the same.
        self._values = {name: graph.value(node) for name, node in input_nodes.items() if node in graph}
        self._seed = seed
        self._vocabularies = vocabularies or {}
        self._facts: dict[str, InputFacts] = {}

    def facts(self, tensor: Tensor) -> InputFacts:
        """Returns what is known of an input from the graph."""
        if tensor.name not in self._facts:
            value = self._values.get(tensor.name)
            found = InputFacts() if value is None else input_facts(self._graph, value, self._vocabularies)
            self._facts[tensor.name] = found
        return self._facts[tensor.name]

    def guesses(self, signature: Signature) -> Iterator[Guess]:
        """Yields what to try, the likeliest first; only one where the shapes and the graph leave little open."""
        shapes = [self._wanted(tensor) for tensor in signature.inputs.values()]
        yield Guess(rank=_UNKNOWN_RANKS[0] if None in shapes else 0)
        is_open = None in shapes or any(None in shape[1:] for shape in shapes if shape)
        has_batch = any(shape is None or shape[:1] == (None,) for shape in shapes)
        batches = [_BATCHES, *((size,) for size in self._batches_asked(signature))] if has_batch else [_BATCHES]
        sizes = [_OTHER_SIZE, None, *self._hints.others, 32, 64] if is_open else [_OTHER_SIZE]
        ranks = _UNKNOWN_RANKS if None in shapes else (0,)
        integers = _INTEGERS if any(map(self._is_unbounded, signature.inputs.values())) else _INTEGERS[:1]
        axes = (batches, list(dict.fromkeys(sizes)), ranks, integers)
        for batch, size, rank, number in _diagonally(axes)[1:_MOST_GUESSES]:
            yield Guess(batch, size, rank, number)

    def feeds(self, signature: Signature, guess: Guess, count: int = 2) -> list[Feeds]:
        """Returns the batches to verify a signature with."""
        sizes = itertools.islice(itertools.cycle(guess.batches), count)
        return [self._batch(signature, guess, number, size, STYLES[number % 2]) for number, size in enumerate(sizes)]

    def more_feeds(self, signature: Signature, guess: Guess) -> Iterator[Feeds]:
        """Yields batches of numbers elsewhere, for outputs that were no numbers on the others."""
        for number, style in enumerate(STYLES[2:], 2):
            yield self._batch(signature, guess, number, guess.batches[0], style)

    def _batch(self, signature: Signature, guess: Guess, number: int, batch: int, style: str) -> Feeds:
        shapes = {key: guess.shape(self._wanted(tensor), batch) for key, tensor in signature.inputs.items()}
        draw = Draw(
            rng=np.random.default_rng((self._seed, number)),
            style=style,
            batch=self._rows(signature, batch),
            time=min((shape[1] for shape in shapes.values() if len(shape) > 1), default=guess.size or batch),
            integers=guess.integers,
            size=max(guess.size or 0, _IMAGE_SIZE),
        )
        feeds = {}
        for key, tensor in signature.inputs.items():
            row = dtypes.by_number(tensor.dtype)
            if row.name == "bool" and not shapes[key]:
                feeds[key] = np.array(number % 2 == 1)  # both occur
            else:
                feeds[key] = draw.array(self.facts(tensor), row, shapes[key])
        self._make_sparse(signature, feeds, draw)
        return feeds

    def _rows(self, signature: Signature, batch: int) -> int:
        """Returns how many rows a batch has: what is fixed, where nothing is open."""
        first = [shape[0] for tensor in signature.inputs.values() if (shape := self._wanted(tensor)) and len(shape) > 1]
        return batch if None in first else next(filter(None, first), batch)

    # ---- sparse tensors

    def sparse_keys(self, signature: Signature) -> set[str]:
        """Returns the inputs that are parts of sparse tensors."""
        keys = {value: key for key, _, value in self._named(signature)}
        parts = [(item.indices, item.values, item.shape) for item in self._sparse(signature)]
        return {keys[value] for found in parts for value in found if value is not None}

    def _sparse(self, signature: Signature) -> Iterator[SparseInput]:
        named = [(tensor.name, value) for _, tensor, value in self._named(signature)]
        return sparse_inputs(named, OpCatalog.of(self._graph))

    def _named(self, signature: Signature) -> Iterator[tuple[str, Tensor, Value]]:
        for key, tensor in signature.inputs.items():
            if tensor.name in self._values:
                yield key, tensor, self._values[tensor.name]

    def _make_sparse(self, signature: Signature, feeds: Feeds, draw: Draw) -> None:
        """Makes the parts of each sparse tensor fit each other, in place."""
        tensors = {value: (key, tensor) for key, tensor, value in self._named(signature)}
        for sparse in self._sparse(signature):
            key, tensor = tensors[sparse.values]
            indices = draw.sparse_indices(_sparse_sizes(sparse, draw.batch))
            feeds[tensors[sparse.indices][0]] = indices
            feeds[key] = draw.array(self.facts(tensor), dtypes.by_number(tensor.dtype), (len(indices),))
            if sparse.shape is not None:
                feeds[tensors[sparse.shape][0]] = np.array(_sparse_sizes(sparse, draw.batch), np.int64)

    # ---- what the graph asks for

    def _wanted(self, tensor: Tensor) -> Shape:
        return self.facts(tensor).wanted.fill(tensor.shape)

    def _is_unbounded(self, tensor: Tensor) -> bool:
        facts = self.facts(tensor)
        is_known = facts.high is not None or facts.choices or facts.meaning is not Meaning.NUMBER
        return dtypes.by_number(tensor.dtype).is_integer and not is_known

    def _batches_asked(self, signature: Signature) -> list[int]:
        """Returns how many rows other inputs have, and how many the graph's constants speak of."""
        fixed = [size for tensor in signature.inputs.values() for size in (tensor.shape or ())[:1]]
        wholes = [self._rows_of_whole(tensor) for tensor in signature.inputs.values()]
        return list(dict.fromkeys([*filter(None, (*fixed, *wholes)), *self._hints.batches]))

    def _rows_of_whole(self, tensor: Tensor) -> int | None:
        """Returns how many rows an input has if it is reshaped to constant sizes."""
        whole, shape = self.facts(tensor).wanted.whole, self._wanted(tensor)
        if whole is None or not shape or None in shape[1:]:
            return None
        return whole // max(math.prod(size or 1 for size in shape[1:]), 1)

    @functools.cached_property
    def _hints(self) -> SizeHints:
        return size_hints(self._graph)


def _sparse_sizes(sparse: SparseInput, batch: int) -> tuple[int, ...]:
    inner = (_OTHER_SIZE,) * (sparse.rank - 2)
    return (batch, *inner, sparse.columns or _OTHER_SIZE)[-sparse.rank :]


def _diagonally(axes: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Returns all combinations, those near the start of every axis first."""
    places = itertools.product(*(range(len(axis)) for axis in axes))
    return [tuple(axis[at] for axis, at in zip(axes, place, strict=True)) for place in sorted(places, key=sum)]


# ---- inputs that the user gives


def read_feeds(path: Path, signatures: tuple[Signature, ...]) -> dict[str, list[Feeds]]:
    """Reads inputs from an .npz file: signature name -> one batch.

    Arrays are named by the signature's key or by the tensor, with or without `:0`.

    Raises:
        UsageError: the file is not there or not an .npz file, or an input is missing in it or does not fit.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; it should hold the inputs to verify with (numpy.savez).")
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is no .npz file. Make one with numpy.savez: an array per input.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read as an .npz file of arrays: {error}") from None
    return {item.name: [_select(path, arrays, item)] for item in signatures}


def _select(path: Path, arrays: Mapping[str, np.ndarray], signature: Signature) -> Feeds:
    by_tensor = {full_name(name): array for name, array in arrays.items()}
    feeds = {}
    for key, tensor in signature.inputs.items():
        array = arrays.get(key, by_tensor.get(tensor.name))
        if array is None:
            hint = nearest_names(key, arrays)
            raise UsageError(
                f"{path} has no array {key!r} or {tensor.name!r} for an input of {signature.name!r}{hint}."
            )
        feeds[key] = _fitting(path, key, array, tensor)
    return feeds


def _fitting(path: Path, key: str, array: np.ndarray, tensor: Tensor) -> np.ndarray:
    row = dtypes.by_number(tensor.dtype)
    if row.name == "string" and array.dtype.kind in "US":
        return np.char.encode(array, "utf-8").astype(object) if array.dtype.kind == "U" else array.astype(object)
    # Narrower is fine, another kind is not: a fraction must not become an integer unseen.
    is_number = row.is_floating and array.dtype.kind in "iuf"  # numpy's rules do not know bfloat16 and its like
    fits = is_number or (row.name != "string" and np.can_cast(array.dtype, row.numpy, "same_kind"))
    if not fits:
        raise UsageError(f"{path}: {key!r} has dtype {array.dtype}, expected {row.name}.")
    return array.astype(row.numpy)
