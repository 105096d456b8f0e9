"""Draws the elements of an input, within what is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding import text_formats as formats
from compat_saver.analysis.feeding.input_facts import Domain, InputFacts, Meaning
from compat_saver.dtypes import DType
from compat_saver.migration.verification import encoding
from compat_saver.proto.tensors import from_array

_WORDS = (b"alpha", b"beta", b"gamma", b"delta", b"1", b"0")
_SAMPLES = 1600
STYLES = ("normal", "from 0 to 1", "near 0", "from 1 to 2")
"""How floats of which nothing is known are drawn: the first two always, the others where those lead to no number."""


@dataclass
class Draw:
    """Draws for one batch.

    Attributes:
        rng: the source of chance.
        style: one of STYLES.
        batch: how many rows the batch has: what sizes are set to.
        time: how long its sequences are: what lengths stay within, but for those that it is known for.
        integers: what integers stay below where nothing is known of them.
        size: of images, and of lists in records.
        image: height and width of images where they are known.
    """

    rng: np.random.Generator
    style: str
    batch: int
    time: int
    integers: int
    size: int
    image: tuple[int, int] | None = None

    def array(self, facts: InputFacts, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
        """Returns an array of elements that fit the facts."""
        if dtype.name == "bool":
            return np.asarray(self.rng.integers(0, 2, shape).astype(bool))
        if dtype.name == "string":
            drawn = np.empty(shape, object)
            drawn.reshape(-1)[:] = [self._text(facts.text) for _ in range(drawn.size)]
            return drawn
        if (dtype.is_floating or dtype.is_complex) and facts.high is None:
            return np.asarray(self._floats(facts.domain, shape)).astype(dtype.numpy)
        return np.asarray(self._integers(facts, dtype, shape)).astype(dtype.numpy)

    def _floats(self, domain: Domain, shape: tuple[int, ...]) -> np.ndarray:
        if domain is Domain.PIXELS:
            return np.asarray(self.rng.uniform(0, 255, shape))
        if domain is Domain.UNIT:
            return np.asarray(self.rng.uniform(0.05, 0.95, shape))
        if self.style == "normal":
            return np.asarray(self.rng.standard_normal(shape))
        low, high = {"from 0 to 1": (0, 1), "near 0": (-0.01, 0.01), "from 1 to 2": (1, 2)}[self.style]
        return np.asarray(self.rng.uniform(low, high, shape))

    def _integers(self, facts: InputFacts, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
        if facts.meaning is Meaning.ORDER and facts.high is None:
            return self.rng.permutation(math.prod(shape)).reshape(shape)
        if facts.choices:
            return np.asarray(self.rng.choice(np.array(facts.choices), shape))
        low, high = self._range(facts, dtype)
        if dtype.is_integer:
            limits = np.iinfo(dtype.numpy)
            low, high = max(low, limits.min), min(high, limits.max + 1)
        return np.asarray(self.rng.integers(low, max(high, low + 1), shape))

    def _range(self, facts: InputFacts, dtype: DType) -> tuple[int, int]:
        if facts.high is not None:
            return facts.low, facts.high
        if facts.meaning is Meaning.LENGTH:
            return 1, self.time + 1
        if facts.meaning is Meaning.SIZE:
            return self.batch, self.batch + 1
        return facts.low, facts.low + (256 if dtype.name == "uint8" else self.integers)

    def sparse_indices(self, shape: tuple[int, ...], entries: int | None = None) -> np.ndarray:
        """Returns sorted indices of so many elements of an array; of some, and at least one in each row, for None."""
        if entries is not None:
            places = np.sort(self.rng.choice(math.prod(shape), entries, replace=False))
            return np.stack(np.unravel_index(places, shape), axis=1).astype(np.int64)
        chosen = self.rng.random(shape) < 0.3
        rows = chosen.reshape(shape[0], -1)
        rows[np.arange(shape[0]), self.rng.integers(0, rows.shape[1], shape[0])] = True
        return np.argwhere(chosen).astype(np.int64)

    # ---- strings

    def _text(self, text: formats.Text | None) -> bytes:
        match text:
            case formats.Image():
                return self._image(text.format)
            case formats.Sound():
                return encoding.wav(self.rng.integers(-(1 << 15), 1 << 15, text.samples or _SAMPLES))
            case formats.Example():
                features = {field.key: self._feature(field) for field in text.fields}
                return encoding.example_json(features) if text.as_json else encoding.example(features)
            case formats.Csv():
                return text.delimiter.encode().join(self._written(field) for field in text.fields)
            case formats.Number():
                return self._written(text.field)
            case formats.RawBytes():
                return self._part(text.field).tobytes()
            case formats.SerializedTensor():
                return bytes(from_array(self._part(text.field)).SerializeToString())
            case formats.Base64():
                return encoding.web_safe_base64(self._text(text.inner))
            case formats.Words():
                return self._words(text)
        return self._words(formats.Words())

    def _image(self, name: str) -> bytes:
        if name == "JPEG":
            return encoding.JPEG
        height, width = self.image or (self.size, self.size)
        pixels = self.rng.integers(0, 256, (height, width, 3), np.uint8)
        return encoding.bmp(pixels) if name == "BMP" else encoding.png(pixels)

    def _words(self, words: formats.Words) -> bytes:
        known = words.vocabulary or _WORDS
        count = 1 if words.separator is None else int(self.rng.integers(1, 5))
        chosen = [known[place] for place in self.rng.integers(0, len(known), count)]
        return (words.separator or "").encode().join(chosen)

    def _feature(self, field: formats.Field) -> np.ndarray:
        """Returns a feature in a type that a record holds: bytes, float32 or int64."""
        found = self._part(field)
        return found if found.dtype.kind == "O" else found.astype("f4" if found.dtype.kind == "f" else "i8")

    def _part(self, field: formats.Field) -> np.ndarray:
        if field.shape is None:
            shape: tuple[int, ...] = (int(self.rng.integers(1, self.integers + 1)),)
        else:
            shape = tuple(self.integers if size is None else size for size in field.shape)
        return self.array(field.facts, dtypes.by_number(field.dtype), shape)

    def _written(self, field: formats.Field) -> bytes:
        element = self.array(field.facts, dtypes.by_number(field.dtype), ()).item()
        return element if isinstance(element, bytes) else f"{element:.6g}".encode()
