"""Inputs to verify with: generated from dtypes, shapes and what the graph does with them, or read from a file."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding.arguments import argument, is_argument
from compat_saver.analysis.feeding.input_facts import InputFacts, Meaning, Vocabularies, input_facts
from compat_saver.analysis.feeding.size_hints import SizeHints, size_hints
from compat_saver.errors import UsageError, nearest_names
from compat_saver.graph import Graph, OpCatalog
from compat_saver.graph.attributes import Shape
from compat_saver.graph.text import format_shape
from compat_saver.migration.verification.composites import Composites, NamedInput
from compat_saver.migration.verification.draws import STYLES, Draw
from compat_saver.model.signature import Signature, Tensor, full_name
from compat_saver.sources.npz_inputs import Header, read_inputs

Feeds = dict[str, np.ndarray]
"""Signature key -> array."""

BATCHES = (3, 1)
"""The sizes of the batches that are tried first."""

_OTHER_SIZE = 4
_INTEGERS = (4, 1)
_UNKNOWN_RANKS = (2, 1, 0, 3, 4)
_MOST_GUESSES = 24
_IMAGE_SIZE = 16
_LARGEST_LEAST = 512
_MOST_BYTES = 64 << 20
"""What one generated input may take."""
_GUESSED_BYTES = 8 << 20
"""What it may take where its sizes are guessed: a graph of convolutions takes many times as much for each step."""


@dataclass(frozen=True)
class Guess:
    """Sizes for all that the shapes leave open.

    Attributes:
        batches: for an unknown first dimension, one batch each.
        size: for every other unknown dimension; None for that of the batch, where it is unknown which is which.
        rank: for shapes of unknown rank.
        integers: what integers stay below of which nothing is known.
    """

    batches: tuple[int, ...] = BATCHES
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
        recorded: tensor name -> the constant of the original graph that an input takes the place of.
        image: height and width of encoded images, where the original graph records them.
    """

    def __init__(
        self,
        graph: Graph,
        input_nodes: Mapping[str, str],
        seed: int,
        vocabularies: Vocabularies | None = None,
        recorded: Mapping[str, np.ndarray] | None = None,
        image: tuple[int, int] | None = None,
    ) -> None:
        self._graph = graph
        # An input that no output needs is not in the graph; it is fed all the same.
        self._values = {name: graph.value(node) for name, node in input_nodes.items() if node in graph}
        self._seed = seed
        self._vocabularies = vocabularies or {}
        self._recorded, self._image = recorded or {}, image
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
        is_open = None in shapes or any(None in shape[1:] for shape in shapes if shape)
        has_batch = any(shape is None or shape[:1] == (None,) for shape in shapes)
        batches = [BATCHES, *((size,) for size in self._batches_asked(signature))] if has_batch else [BATCHES]
        least = max(_OTHER_SIZE, min(self._hints.least, _LARGEST_LEAST))
        sizes = [least, None, *self._hints.others, 32, 64] if is_open else [least]
        ranks = _UNKNOWN_RANKS if None in shapes else (0,)
        integers = _INTEGERS if any(map(self._is_unbounded, signature.inputs.values())) else _INTEGERS[:1]
        axes = (batches, list(dict.fromkeys(sizes)), ranks, integers)
        guesses = itertools.starmap(Guess, _diagonally(axes)[:_MOST_GUESSES])
        is_possible = False
        for guess in guesses:
            fitting = tuple(batch for batch in guess.batches if self._is_affordable(signature, guess, batch))
            if fitting:
                is_possible = True
                yield dataclasses.replace(guess, batches=fitting)
        if not is_possible:
            raise UsageError(self._too_large(signature))

    def _is_affordable(self, signature: Signature, guess: Guess, batch: int) -> bool:
        """Whether each input is within its budget; where sizes are guessed, that is smaller."""
        for tensor in signature.inputs.values():
            wanted = self._wanted(tensor)
            size = math.prod(guess.shape(wanted, batch)) * max(dtypes.by_number(tensor.dtype).itemsize, 1)
            is_guessed = wanted is None or None in wanted[1:]
            if size > (_GUESSED_BYTES if is_guessed else _MOST_BYTES):
                return False
        return True

    def _too_large(self, signature: Signature) -> str:
        shapes = ", ".join(f"{key} {format_shape(self._wanted(item))}" for key, item in signature.inputs.items())
        return (
            f"No input was generated for {signature.name!r}: one of {shapes} would take more than "
            f"{_MOST_BYTES >> 20} MiB. Give inputs with --verify-data FILE.npz, or migrate with --no-verify."
        )

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
            image=self._image,
        )
        feeds = {}
        for key, tensor in signature.inputs.items():
            row = dtypes.by_number(tensor.dtype)
            if row.name == "bool" and not shapes[key]:
                feeds[key] = np.array(number % 2 == 1)  # both occur
            else:
                facts = self.facts(tensor)
                time = self._time(signature, facts, shapes)
                own = draw if time is None else dataclasses.replace(draw, time=time)
                feeds[key] = own.array(facts, row, shapes[key])
        self.composites(signature).fit(feeds, draw)
        return feeds | self._arguments(signature, feeds)

    def _arguments(self, signature: Signature, feeds: Feeds) -> Feeds:
        """Returns the inputs that have to fit the shapes of others, with values that do."""
        values = {key: self._values[item.name] for key, item in signature.inputs.items() if item.name in self._values}
        shapes = {value: feeds[key].shape for key, value in values.items()}
        found = {}
        for key, value in values.items():
            fitting = argument(value, signature.inputs[key].shape, shapes)
            if fitting is not None:
                found[key] = fitting.astype(feeds[key].dtype)
        return found

    def _time(self, signature: Signature, facts: InputFacts, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
        """Returns how many steps the axis has that lengths are within; None if that is not known."""
        if facts.time is None:
            return None
        value, axis = facts.time
        sizes = (shapes[key] for key, tensor in signature.inputs.items() if self._values.get(tensor.name) == value)
        return next((shape[axis] for shape in sizes if axis < len(shape)), None)

    def _rows(self, signature: Signature, batch: int) -> int:
        """Returns how many rows a batch has: what is fixed, where nothing is open."""
        first = [shape[0] for tensor in signature.inputs.values() if (shape := self._wanted(tensor)) and len(shape) > 1]
        return batch if None in first else next(filter(None, first), batch)

    def is_argument(self, tensor: Tensor) -> bool:
        """Whether an input has to fit the shape of another."""
        return tensor.name in self._values and is_argument(self._values[tensor.name])

    def composites(self, signature: Signature) -> Composites:
        """Returns the sparse and ragged tensors among the inputs of a signature."""
        named = [
            NamedInput(key, tensor, self._values[tensor.name])
            for key, tensor in signature.inputs.items()
            if tensor.name in self._values
        ]
        return Composites(named, OpCatalog.of(self._graph), self.facts, self._recorded)

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
    inputs = [(key, tensor) for item in signatures for key, tensor in item.inputs.items()]

    def meant(name: str) -> list[Tensor]:
        return [tensor for key, tensor in inputs if name == key or full_name(name) == tensor.name]

    def check(name: str, header: Header) -> None:
        if not any(_is_accepted(header.dtype, dtypes.by_number(tensor.dtype)) for tensor in meant(name)):
            raise _misfit(path, name, header.dtype, meant(name)[0])

    arrays, names = read_inputs(path, lambda name: bool(meant(name)), check)
    return {item.name: [_select(path, arrays, names, item)] for item in signatures}


def _select(path: Path, arrays: Mapping[str, np.ndarray], names: Sequence[str], signature: Signature) -> Feeds:
    by_tensor = {full_name(name): array for name, array in arrays.items()}
    feeds = {}
    for key, tensor in signature.inputs.items():
        array = arrays.get(key, by_tensor.get(tensor.name))
        if array is None:
            hint = nearest_names(key, names)
            raise UsageError(
                f"{path} has no array {key!r} or {tensor.name!r} for an input of {signature.name!r}{hint}."
            )
        feeds[key] = _fitting(path, key, array, tensor)
    return feeds


def _fitting(path: Path, key: str, array: np.ndarray, tensor: Tensor) -> np.ndarray:
    row = dtypes.by_number(tensor.dtype)
    if not _is_accepted(array.dtype, row):
        raise _misfit(path, key, array.dtype, tensor)
    if row.name == "string":
        return np.char.encode(array, "utf-8").astype(object) if array.dtype.kind == "U" else array.astype(object)
    return array.astype(row.numpy)


def _misfit(path: Path, key: str, dtype: np.dtype[Any], tensor: Tensor) -> UsageError:
    return UsageError(f"{path}: {key!r} has dtype {dtype}, expected {dtypes.name_of(tensor.dtype)}.")


def _is_accepted(dtype: np.dtype[Any], row: dtypes.DType) -> bool:
    """Narrower is fine, another kind is not: a fraction must not become an integer unseen."""
    if row.name == "string" or dtype.kind in "US":
        return row.name == "string" and dtype.kind in "US"
    is_number = row.is_floating and dtype.kind in "iuf"  # numpy's rules do not know bfloat16 and its like
    return is_number or bool(np.can_cast(dtype, row.numpy, "same_kind"))
