"""Varints: little-endian groups of 7 bits, the high bit of a byte is set if another byte follows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compat_saver.bundle.files import Buffer
from compat_saver.errors import FormatError

MAX_BYTES = 10
"""What 64 bits take."""

_UINT64 = (1 << 64) - 1


def encode(value: int) -> bytes:
    """Returns the bytes of an integer of 0 to 2**64 - 1."""
    if not 0 <= value <= _UINT64:
        raise ValueError(f"a varint holds 0 to 2**64 - 1, not {value}")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data: Buffer, position: int, *, path: str = "", base: int = 0) -> tuple[int, int]:
    """Returns the integer at `position` and the position after it.

    Args:
        data: the bytes around the varint.
        position: where in `data` it starts.
        path: the file, for the error.
        base: where in the file `data` starts, for the error.

    Raises:
        FormatError: the bytes end inside the varint, or it exceeds 64 bits.
    """
    value = shift = 0
    for at in range(position, min(position + MAX_BYTES, len(data))):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _UINT64:
                break
            return value, at + 1
        shift += 7
    raise _bad(data, position, path, base)


def decode_many(data: Buffer, count: int, *, path: str = "", base: int = 0) -> tuple[npt.NDArray[np.uint64], int]:
    """Returns the `count` integers at the start of `data`, and how many bytes they take.

    Raises:
        FormatError: the bytes end before the last one, or one exceeds 64 bits.
    """
    if count == 0:
        return np.zeros(0, np.uint64), 0
    head = np.frombuffer(data, np.uint8, min(len(data), MAX_BYTES * count))
    ends = np.flatnonzero(head < 0x80)[:count] + 1
    starts = np.concatenate(([0], ends[:-1]))
    widths = ends - starts
    if len(ends) < count:
        raise _bad(data, int(ends[-1]) if len(ends) else 0, path, base)
    size = int(ends[-1])
    if size == count:
        return head[:count].astype(np.uint64), size
    wide = np.flatnonzero((widths > MAX_BYTES) | ((widths == MAX_BYTES) & (head[ends - 1] > 1)))
    if len(wide):
        raise _bad(data, int(starts[wide[0]]), path, base)
    shifts = (np.arange(size) - np.repeat(starts, widths)) * 7
    groups = (head[:size] & 0x7F).astype(np.uint64) << shifts.astype(np.uint64)
    return np.add.reduceat(groups, starts), size


def _bad(data: Buffer, position: int, path: str, base: int) -> FormatError:
    return FormatError(
        "bad varint",
        path=path,
        offset=base + position,
        expected="at most 10 bytes for 64 bits, the last below 0x80",
        found=bytes(data[position : position + MAX_BYTES]).hex(" ") or "the end of the data",
    )
