"""OrderedCode: numbers and strings as bytes whose order is the order of the values.

The keys of tensor slices are made of it. A reader returns the value that its writer wrote, and the position after it.
"""

from __future__ import annotations

import re

_END = b"\x00\x01"
_ESCAPES = {b"\x00": b"\x00\xff", b"\xff": b"\xff\x00"}
_UNESCAPES = {escape: byte for byte, escape in _ESCAPES.items()}
_SPECIAL = re.compile(rb"[\x00\xff]")
_ESCAPED = re.compile(rb"[\x00\xff].?", re.DOTALL)


class OrderedCodeError(ValueError):
    """Bytes that no writer of this module makes."""


def write_number(value: int) -> bytes:
    """An unsigned number: the count of its bytes, then the bytes, most significant first."""
    if not 0 <= value < 1 << 64:
        raise ValueError(f"expected 0 to 2**64 - 1, got {value}")
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def read_number(data: bytes, position: int) -> tuple[int, int]:
    """Reads what write_number wrote."""
    size = data[position] if position < len(data) else 9
    end = position + 1 + size
    if size > 8 or end > len(data):
        raise OrderedCodeError(f"no number at byte {position}")
    return int.from_bytes(data[position + 1 : end], "big"), end


def write_string(value: bytes) -> bytes:
    """A byte string: 00 becomes 00 ff, ff becomes ff 00, and 00 01 ends it."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value) + _END


def read_string(data: bytes, position: int) -> tuple[bytes, int]:
    """Reads what write_string wrote."""
    parts, start = [], position
    for match in _ESCAPED.finditer(data, position):
        parts.append(data[start : match.start()])
        if match[0] == _END:
            return b"".join(parts), match.end()
        if match[0] not in _UNESCAPES:
            raise OrderedCodeError(f"unknown escape {match[0].hex(' ')} at byte {match.start()}")
        parts.append(_UNESCAPES[match[0]])
        start = match.end()
    raise OrderedCodeError(f"the string at byte {position} does not end")


def write_signed(value: int) -> bytes:
    """A signed number of n bytes: two's complement with its n leading bits inverted.

    The leading bits therefore read as sign and length: n ones and a zero for a number >= 0, n zeros and a one below 0.
    """
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"expected a signed 64-bit number, got {value}")
    size = (value if value >= 0 else ~value).bit_length() // 7 + 1
    return ((value % (1 << 8 * size)) ^ _header(size)).to_bytes(size, "big")


def read_signed(data: bytes, position: int) -> tuple[int, int]:
    """Reads what write_signed wrote."""
    head = int.from_bytes(data[position : position + 2].ljust(2, b"\x00"), "big")
    leading = head if head & 0x8000 else head ^ 0xFFFF
    size = 16 - (leading ^ 0xFFFF).bit_length()
    end = position + size
    if position >= len(data) or size > 10 or end > len(data):
        raise OrderedCodeError(f"no signed number at byte {position}")
    value = int.from_bytes(data[position:end], "big") ^ _header(size)
    if value >> (8 * size - 1):
        value -= 1 << 8 * size
    return value, end


def _header(size: int) -> int:
    return ((1 << size) - 1) << 7 * size
