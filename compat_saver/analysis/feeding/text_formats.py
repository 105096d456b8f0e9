"""What the graph decodes a string as: images, records, numbers, words of a table.

Each kind is a frozen type that says all it takes to make such a string. The ops and what they read: the OpDefs in
tensorflow/core/ops/{image,parsing,audio,string,lookup}_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compat_saver.analysis.feeding.sparse_inputs import sparse_columns
from compat_saver.analysis.known_values import constant_value
from compat_saver.graph import Node, Use, Value
from compat_saver.graph.attributes import Shape, shape_from_message

if TYPE_CHECKING:
    from compat_saver.analysis.feeding.input_facts import InputFacts

Facts = Callable[[Value], "InputFacts"]
"""Finds what is known of a decoded part, as of an input."""


@dataclass(frozen=True)
class Image:
    """A file that an image decoder reads.

    Attributes:
        format: "PNG", which all decoders but these read; "BMP"; "JPEG".
    """

    format: str = "PNG"


@dataclass(frozen=True)
class Sound:
    """A WAV file.

    Attributes:
        samples: how many there have to be; None if any number will do.
    """

    samples: int | None


@dataclass(frozen=True)
class Field:
    """One part of a record.

    Attributes:
        key: its name; "" where the place tells.
        dtype: DT_* number.
        shape: of a dense part; None for one that may have any number of elements.
        facts: what the graph does with it.
    """

    key: str
    dtype: int
    shape: Shape
    facts: InputFacts


@dataclass(frozen=True)
class Example:
    """A serialized tf.train.Example, or its JSON.

    Attributes:
        fields: the features that the graph takes from it.
        as_json: whether it is written as JSON.
    """

    fields: tuple[Field, ...]
    as_json: bool = False


@dataclass(frozen=True)
class Csv:
    """A line of comma separated values."""

    fields: tuple[Field, ...]
    delimiter: str


@dataclass(frozen=True)
class Number:
    """A number, written out."""

    field: Field


@dataclass(frozen=True)
class RawBytes:
    """The bytes of an array of fixed size; of unknown size if the field's shape is None."""

    field: Field


@dataclass(frozen=True)
class SerializedTensor:
    """A TensorProto."""

    field: Field


@dataclass(frozen=True)
class Base64:
    """Web-safe base64 of something else."""

    inner: Text | None


@dataclass(frozen=True)
class Words:
    """Words, of a table's vocabulary if one is known.

    Attributes:
        vocabulary: some of what the table holds; empty if any word will do.
        separator: what stands between several words; None for one word.
    """

    vocabulary: tuple[bytes, ...] = ()
    separator: str | None = None


Text = Image | Sound | Example | Csv | Number | RawBytes | SerializedTensor | Base64 | Words

_FORMATS = {
    **dict.fromkeys(("DecodeJpeg", "DecodePng", "DecodeGif", "DecodeImage"), "PNG"),
    **dict.fromkeys(("DecodeAndCropJpeg", "ExtractJpegShape"), "JPEG"),
    "DecodeBmp": "BMP",
}
_PREFERENCE = (Image, Sound, Example, Csv, RawBytes, SerializedTensor, Number, Base64, Words)


def best(found: list[Text]) -> Text | None:
    """Returns the likeliest of several readings; a PNG before a BMP, for decoders of any format branch to both."""
    return min(found, key=lambda text: (_PREFERENCE.index(type(text)), text != Image()), default=None)


def text_read_by(use: Use, facts: Facts) -> Text | None:
    """Returns what a reader takes a string for; None if it does not tell."""
    node, position = use
    if node.op in _FORMATS:
        return Image(_FORMATS[node.op])
    reader = _READERS.get(node.op)
    return reader(node, facts) if reader is not None and position == 0 else None


def _field(value: Value, dtype: int, shape: Shape, facts: Facts, key: str = "") -> Field:
    return Field(key, dtype, shape, facts(value))


def _sound(node: Node, facts: Facts) -> Sound:
    samples = node.attr.int("desired_samples", -1)
    return Sound(samples if samples > 0 else None)


def _number(node: Node, facts: Facts) -> Number:
    return Number(_field(node.output(), node.attr.type("out_type") or 1, (), facts))


def _raw(node: Node, facts: Facts) -> RawBytes:
    found = facts(node.output())
    size = found.wanted.row or found.wanted.whole
    return RawBytes(Field("", node.attr.type("out_type"), None if size is None else (size,), found))


def _tensor(node: Node, facts: Facts) -> SerializedTensor:
    found = facts(node.output())
    return SerializedTensor(Field("", node.attr.type("out_type"), found.wanted.fill(None), found))


def _base64(node: Node, facts: Facts) -> Base64:
    return Base64(facts(node.output()).text)


def _split(node: Node, facts: Facts) -> Words:
    inner = facts(node.output(1)).text
    found = constant_value(node.inputs[1]) if len(node.inputs) > 1 else None
    separator = found.item().decode("utf-8", "replace")[:1] if found is not None and found.size == 1 else ""
    return Words(inner.vocabulary if isinstance(inner, Words) else (), separator or " ")


def _csv(node: Node, facts: Facts) -> Csv:
    types = node.attr.types("OUT_TYPE")
    fields = tuple(_field(node.output(number), dtype, (), facts) for number, dtype in enumerate(types))
    return Csv(fields, node.attr.bytes("field_delim", b",").decode("utf-8", "replace"))


def _json_example(node: Node, facts: Facts) -> Example:
    inner = facts(node.output()).text
    return Example(inner.fields if isinstance(inner, Example) else (), as_json=True)


def _example(node: Node, facts: Facts) -> Example:
    """ParseExample names its features in inputs, one by one; V2 in vectors; ParseSingleExample in attributes."""
    sparse_types, dense_types = node.attr.types("sparse_types"), node.attr.types("Tdense")
    shapes = _shapes(node)
    if node.op == "ParseSingleExample":
        sparse, dense = (_attr_keys(node, name) for name in ("sparse_keys", "dense_keys"))
    elif node.op == "ParseExampleV2":
        sparse, dense = (_vector(node.inputs[place]) for place in (2, 3))
    else:
        keys = [key for value in node.inputs[2:] for key in _vector(value)]
        sparse, dense = keys[: len(sparse_types)], keys[len(sparse_types) : len(sparse_types) + len(dense_types)]
    values = len(sparse_types)  # outputs: indices, values, shapes, each per sparse feature; then the dense ones
    fields = [
        _field(value := node.output(values + number), dtype, _list_shape(value), facts, key)
        for number, (key, dtype) in enumerate(zip(sparse, sparse_types, strict=False))
    ]
    fields += [
        _field(node.output(3 * values + number), dtype, shape, facts, key)
        for number, (key, dtype, shape) in enumerate(zip(dense, dense_types, shapes, strict=False))
    ]
    return Example(tuple(fields))


def _list_shape(values: Value) -> Shape:
    """Returns how many elements a list may have that is made dense afterwards."""
    columns = sparse_columns(values)
    return None if columns is None else (columns,)


def _shapes(node: Node) -> list[Shape]:
    found = node.attrs.get("dense_shapes")
    return [shape_from_message(shape) for shape in found.list.shape] if found is not None else []


def _attr_keys(node: Node, name: str) -> list[str]:
    found = node.attrs.get(name)
    return [key.decode("utf-8", "replace") for key in found.list.s] if found is not None else []


def _vector(value: Value) -> list[str]:
    found = constant_value(value)
    if found is None or found.dtype.kind != "O":
        return []
    return [key.decode("utf-8", "replace") for key in found.reshape(-1).tolist()]


_READERS: Mapping[str, Callable[[Node, Facts], Text]] = {
    "DecodeWav": _sound,
    "StringToNumber": _number,
    "DecodeRaw": _raw,
    "ParseTensor": _tensor,
    "DecodeBase64": _base64,
    "StringSplit": _split,
    "StringSplitV2": _split,
    "DecodeCSV": _csv,
    "DecodeJSONExample": _json_example,
    "ParseExample": _example,
    "ParseExampleV2": _example,
    "ParseSingleExample": _example,
}
