"""Protobuf's wire format, as far as needed to distinguish messages and to see where one was cut short.

A message is walked field by field without looking into the fields, so a graph of a gigabyte costs a few pages. See
https://protobuf.dev/programming-guides/encoding for the format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import TypeAlias

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}

Bytes: TypeAlias = bytes | memoryview | mmap


class WireError(ValueError):
    """Bytes that no protobuf message can have.

    Attributes:
        offset: where they are.
    """

    def __init__(self, offset: int, what: str) -> None:
        self.offset = offset
        super().__init__(what)


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        number: the field's number in the .proto file.
        wire_type: VARINT, FIXED64, LENGTH or FIXED32.
        at: offset of its tag.
        start: offset of its value; for LENGTH that of the first byte after the length.
        end: offset behind its value; beyond the end of the data in a message that was cut short.
    """

    number: int
    wire_type: int
    at: int
    start: int
    end: int


def fields(data: Bytes, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """Yields the fields of the message between two offsets.

    The last field of a message that was cut short is yielded with the end that it claims.

    Raises:
        WireError: a tag or a varint that cannot be.
    """
    limit = len(data) if end is None else min(end, len(data))
    at = start
    while at < limit:
        tag, value = _varint(data, at, limit)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise WireError(at, "field number 0")
        if wire_type == VARINT:
            stop = _varint(data, value, limit)[1]
        elif wire_type == LENGTH:
            length, value = _varint(data, value, limit)
            stop = value + length
        elif wire_type in _FIXED:
            stop = value + _FIXED[wire_type]
        else:
            raise WireError(at, f"wire type {wire_type} in field {number}")
        yield Field(number, wire_type, at, value, stop)
        at = stop


def _varint(data: Bytes, at: int, limit: int) -> tuple[int, int]:
    value = 0
    for index in range(10):
        if at + index >= limit:
            raise WireError(at, "a number that is cut short")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise WireError(at, "a number of more than ten bytes")
