"""Slices of a partitioned tensor: TensorFlow's notation, the messages and the keys made of them.

TensorFlow writes a slice as `0,10:-`: for every dimension start and length, or `-` for all of it; and a slice of a
known tensor as `20 4 0,10:-`, the full shape in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from compat_saver.bundle import ordered_code
from compat_saver.bundle.boxes import Box
from compat_saver.errors import UsageError
from compat_saver.proto.messages import Message, TensorSliceProto

FULL = -1
"""The length that stands for all of a dimension; its start is then 0."""

_INT64_MAX = (1 << 63) - 1
_ITEM = re.compile(r"(\d+),(\d+)")


@dataclass(frozen=True)
class SliceSpec:
    """A rectangular part of a tensor, not bound to a shape.

    Attributes:
        extents: start and length for every dimension; (0, -1) is all of it.
    """

    extents: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        for start, length in self.extents:
            if (start, length) == (0, FULL):
                continue
            if start < 0 or length <= 0 or start + length > _INT64_MAX:
                raise UsageError(f"a slice needs start >= 0 and length > 0, got {start},{length}")

    @classmethod
    def full(cls, rank: int) -> SliceSpec:
        """Returns the slice that is all of a tensor of that rank."""
        return cls(((0, FULL),) * rank)

    @classmethod
    def parse(cls, text: str) -> SliceSpec:
        """Returns the slice written as `0,10:-`; the empty string is the slice of a scalar.

        Raises:
            UsageError: the text is not of that form.
        """
        return cls(tuple(_parse_item(item, text) for item in text.split(":")) if text else ())

    @classmethod
    def from_proto(cls, message: Message) -> SliceSpec:
        """Returns the slice of a TensorSliceProto, in which an extent without a length is all of its dimension."""
        return cls(
            tuple((extent.start, extent.length if extent.HasField("length") else FULL) for extent in message.extent)
        )

    def to_proto(self) -> Message:
        """Returns the TensorSliceProto of this slice."""
        message = TensorSliceProto()
        for start, length in self.extents:
            extent = message.extent.add()
            if length != FULL:
                extent.start, extent.length = start, length
        return message

    def __str__(self) -> str:
        return ":".join("-" if length == FULL else f"{start},{length}" for start, length in self.extents)

    def box(self, shape: Sequence[int]) -> Box:
        """Returns the box that this slice is in a tensor of that shape.

        Raises:
            UsageError: it has another rank or reaches beyond the shape.
        """
        if len(shape) != len(self.extents):
            raise UsageError(f"slice {self} has rank {len(self.extents)}, shape {tuple(shape)} has {len(shape)}")
        box = []
        for (start, length), size in zip(self.extents, shape, strict=True):
            stop = size if length == FULL else start + length
            if stop > size:
                raise UsageError(f"slice {self} reaches beyond shape {tuple(shape)}")
            box.append(slice(start, stop))
        return tuple(box)

    def key(self, name: str) -> bytes:
        """Returns the key under which both formats store this slice of the tensor of that name."""
        numbers = b"".join(ordered_code.write_signed(n) for extent in self.extents for n in extent)
        return b"".join(
            (
                ordered_code.write_number(0),
                ordered_code.write_string(name.encode("utf-8", "surrogateescape")),
                ordered_code.write_number(len(self.extents)),
                numbers,
            )
        )


def parse_key(key: bytes) -> tuple[str, SliceSpec]:
    """Returns the tensor name and the slice that SliceSpec.key made a key of.

    Raises:
        ValueError: it is no such key.
    """
    zero, at = ordered_code.read_number(key, 0)
    if zero != 0:
        raise ordered_code.OrderedCodeError(f"a slice key starts with 0, not {zero}")
    name, at = ordered_code.read_string(key, at)
    rank, at = ordered_code.read_number(key, at)
    extents = []
    for _ in range(min(rank, len(key))):
        start, at = ordered_code.read_signed(key, at)
        length, at = ordered_code.read_signed(key, at)
        extents.append((start, length))
    if at != len(key) or rank != len(extents):
        raise ordered_code.OrderedCodeError(f"the slice key does not end at byte {at}")
    return name.decode("utf-8", "surrogateescape"), SliceSpec(tuple(extents))


def parse_shape_and_slice(text: str) -> tuple[tuple[int, ...], SliceSpec]:
    """Returns the full shape and the slice of a string such as `20 4 0,10:-`.

    Raises:
        UsageError: the text is not of that form, or the slice does not fit the shape.
    """
    *sizes, last = text.split(" ")
    if not sizes or not all(size.isdecimal() for size in sizes):
        raise UsageError(f"expected a shape and a slice such as '20 4 0,10:-', got {text!r}")
    shape, spec = tuple(map(int, sizes)), SliceSpec.parse(last)
    spec.box(shape)
    return shape, spec


def format_shape_and_slice(shape: Sequence[int], spec: SliceSpec) -> str:
    """Returns what parse_shape_and_slice reads."""
    return " ".join([*map(str, shape), str(spec)])


def _parse_item(item: str, text: str) -> tuple[int, int]:
    if item == "-":
        return 0, FULL
    match = _ITEM.fullmatch(item)
    if match is None:
        raise UsageError(f"expected 'start,length' or '-' for every dimension, got {item!r} in {text!r}")
    return int(match[1]), int(match[2])
