"""Makes inputs to verify with: from the placeholders' dtypes and shapes, or from a file."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.index_bounds import index_bound
from compat_saver.errors import UsageError, nearest_names
from compat_saver.graph import Graph
from compat_saver.migration.signature import Signature, Tensor, full_name

Feeds = dict[str, np.ndarray]
"""Signature key -> array."""

_BATCHES = (3, 1)
_OTHER_SIZE = 4
_UNKNOWN_RANKS = (2, 1, 0, 3, 4)
_MOST_GUESSES = 24
_WORDS = np.array([b"alpha", b"beta", b"gamma", b"delta", b"1", b"0"], dtype=object)


@dataclass(frozen=True)
class Guess:
    """Sizes for all that the shapes leave open.

    Attributes:
        batch: for an unknown first dimension.
        size: for every other unknown dimension.
        rank: for shapes of unknown rank.
    """

    batch: int
    size: int
    rank: int

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Returns a full shape that fits a tensor."""
        shape = (None,) * self.rank if tensor.shape is None else tensor.shape
        sizes = [self.size if size is None else size for size in shape]
        if shape and shape[0] is None:
            sizes[0] = self.batch
        return tuple(sizes)


class SampleMaker:
    """Makes inputs for the signatures of one graph.

    Integers stay inside the tables they index; floats are drawn once from a normal distribution and once from 0 to 1,
    for there are graphs that take logarithms.

    Args:
        graph: the rewritten graph, in which an input's uses can be followed.
        input_nodes: tensor name -> the placeholder that stands for it.
        seed: makes the same inputs again.
    """

    def __init__(self, graph: Graph, input_nodes: Mapping[str, str], seed: int) -> None:
        self._graph = graph
        self._input_nodes = input_nodes
        self._seed = seed

    def guesses(self, signature: Signature) -> Iterator[Guess]:
        """Yields sizes to try, the likeliest first; only one where the shapes leave little open."""
        shapes = [tensor.shape for tensor in signature.inputs.values()]
        ranks = _UNKNOWN_RANKS if None in shapes else (0,)
        is_open = None in shapes or any(None in shape[1:] for shape in shapes if shape)
        sizes = (_OTHER_SIZE, *_sizes_of_weights(self._graph), 32, 64) if is_open else (_OTHER_SIZE,)
        for rank, size in itertools.islice(itertools.product(ranks, dict.fromkeys(sizes)), _MOST_GUESSES):
            yield Guess(_BATCHES[0], size, rank)

    def feeds(self, signature: Signature, guess: Guess) -> list[Feeds]:
        """Returns the batches to verify a signature with."""
        batches = []
        for number, batch in enumerate(_BATCHES):
            rng = np.random.default_rng((self._seed, number))
            sized = Guess(batch, guess.size, guess.rank)
            batches.append({key: self._array(item, sized, rng, number) for key, item in signature.inputs.items()})
        return batches

    def _array(self, tensor: Tensor, guess: Guess, rng: np.random.Generator, number: int) -> np.ndarray:
        row, shape = dtypes.by_number(tensor.dtype), guess.shape(tensor)
        if row.name == "bool":
            return rng.integers(0, 2, shape).astype(bool) if shape else np.array(number % 2 == 1)
        if row.name == "string":
            return np.asarray(_WORDS[rng.integers(0, len(_WORDS), shape)], dtype=object)
        if row.is_floating or row.is_complex:
            drawn = rng.standard_normal(shape) if number == 0 else rng.random(shape)
            return np.asarray(drawn).astype(row.numpy)
        bound = index_bound(self._graph.value(self._input_nodes[tensor.name])) or guess.size
        return np.asarray(rng.integers(0, bound, shape)).astype(row.numpy)


def _sizes_of_weights(graph: Graph) -> list[int]:
    """Returns the first dimensions of the graph's variables: what an open dimension must often match."""
    found = []
    for node in graph:
        shape = node.attr.shape("shape") if node.op == "VarHandleOp" else None
        if shape and shape[0] is not None and len(shape) > 1:
            found.append(shape[0])
    return list(dict.fromkeys(found))[:4]


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
