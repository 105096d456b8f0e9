"""Snappy's raw format, decoding only: some builds of TensorFlow 1 compressed their index tables with it.

A compressed block is the uncompressed size as a varint, then elements. Each is a literal (bytes that follow) or a copy
(of bytes already decoded, possibly running into those that it appends).
"""

from __future__ import annotations

from compat_saver.bundle import varint
from compat_saver.bundle.files import Buffer
from compat_saver.errors import FormatError

_MAX_RATIO = 32
"""The densest element makes 64 bytes of 3; a block that promises more than this ratio cannot keep it."""


def decode(data: Buffer, *, path: str = "", base: int = 0) -> bytes:
    """Returns the uncompressed bytes.

    Raises:
        FormatError: an element reaches beyond the data, or the sizes do not add up.
    """
    size, position = varint.decode(data, 0, path=path, base=base)
    out = bytearray()
    if size > _MAX_RATIO * len(data):
        raise _bad(0, f"a size of {size} from {len(data)} bytes", path, base)
    while position < len(data) and len(out) <= size:
        start, tag = position, data[position]
        if tag & 3 == 0:
            count, position = _literal(data, position)
            out += data[position : position + count]
            position += count
            fits = position <= len(data)
        else:
            count, distance, position = _copy(data, position)
            fits = position <= len(data) and 0 < distance <= len(out)
            if fits:
                pattern = out[-distance:][:count]
                out += (pattern * (count // len(pattern) + 1))[:count]
        if not fits:
            raise _bad(start, f"element 0x{tag:02x} that reaches beyond the data", path, base)
    if len(out) != size or position != len(data):
        raise _bad(position, f"{len(out)} bytes instead of {size}", path, base)
    return bytes(out)


def _literal(data: Buffer, position: int) -> tuple[int, int]:
    """Returns the count of literal bytes and where they start."""
    short = data[position] >> 2
    if short < 60:
        return short + 1, position + 1
    end = position + 1 + short - 59
    return int.from_bytes(data[position + 1 : end], "little") + 1, end


def _copy(data: Buffer, position: int) -> tuple[int, int, int]:
    """Returns how many bytes to copy, from how far back, and the position after the element."""
    tag = data[position]
    if tag & 3 == 1:
        low = int.from_bytes(data[position + 1 : position + 2], "little")
        return 4 + (tag >> 2 & 7), (tag >> 5) << 8 | low, position + 2
    end = position + (3 if tag & 3 == 2 else 5)
    return 1 + (tag >> 2), int.from_bytes(data[position + 1 : end], "little"), end


def _bad(position: int, found: str, path: str, base: int) -> FormatError:
    return FormatError(
        "bad snappy block",
        path=path,
        offset=base + position,
        expected="elements that make up the announced size",
        found=found,
    )
