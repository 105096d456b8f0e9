"""One block of an index table: sorted keys, each written without the prefix it shares with the one before.

A block is a row of entries (three varints: shared bytes, further key bytes, value bytes; then those key bytes; then the
value), the offsets of its restarts (entries that share nothing, 4 bytes each), and their count (4 bytes).
"""

from __future__ import annotations

import struct

from compat_saver.bundle import varint
from compat_saver.bundle.files import Buffer
from compat_saver.errors import FormatError

RESTART_INTERVAL = 16

_COUNT = struct.Struct("<I")


def decode(data: Buffer, *, path: str = "", base: int = 0) -> list[tuple[bytes, Buffer]]:
    """Returns the entries of a block in order; values are slices of `data`.

    Args:
        data: the block without its trailer.
        path: the file, for errors.
        base: where in the file the block starts, for errors.

    Raises:
        FormatError: an entry reaches beyond the block, shares more than there is, or is out of order.
    """
    limit = _entries_end(data, path, base)
    entries: list[tuple[bytes, Buffer]] = []
    position, key = 0, b""
    while position < limit:
        start = position
        # Nearly all lengths take one byte, and this loop is what listing a checkpoint costs.
        head = data[position : position + 3]
        if len(head) == 3 and head[0] < 0x80 and head[1] < 0x80 and head[2] < 0x80:
            shared, further, size = head
            position += 3
        else:
            shared, position = varint.decode(data, position, path=path, base=base)
            further, position = varint.decode(data, position, path=path, base=base)
            size, position = varint.decode(data, position, path=path, base=base)
        middle = position + further
        position = middle + size
        if position > limit or shared > len(key):
            raise _bad_entry(start, f"lengths {shared}, {further}, {size}", path, base)
        following = key[:shared] + data[middle - further : middle]
        if following <= key and entries:
            raise _bad_entry(start, f"key {following!r} after {key!r}", path, base)
        key = following
        entries.append((key, data[middle:position]))
    return entries


def _entries_end(data: Buffer, path: str, base: int) -> int:
    if len(data) >= 4:
        restarts = _COUNT.unpack_from(data, len(data) - 4)[0]
        end: int = len(data) - 4 * (restarts + 1)
        if end >= 0:
            return end
    raise FormatError(
        "bad block",
        path=path,
        offset=base + max(0, len(data) - 4),
        expected="a count of restarts that fit into the block",
        found=bytes(data[-4:]).hex(" ") or "nothing",
    )


def _bad_entry(position: int, found: str, path: str, base: int) -> FormatError:
    return FormatError(
        "bad entry in a block",
        path=path,
        offset=base + position,
        expected="a key and a value inside the block, keys ascending",
        found=found,
    )


class BlockWriter:
    """Collects entries and returns them as a block; keys must come in ascending order."""

    def __init__(self, restart_interval: int = RESTART_INTERVAL) -> None:
        self._interval = restart_interval
        self._data = bytearray()
        self._restarts = [0]
        self._since_restart = 0
        self._key = b""

    def __bool__(self) -> bool:
        return bool(self._data)

    @property
    def size(self) -> int:
        """The bytes that the block would have now."""
        return len(self._data) + 4 * (len(self._restarts) + 1)

    def add(self, key: bytes, value: bytes) -> None:
        """Appends an entry."""
        shared = 0
        if self._since_restart < self._interval:
            shared = _shared(self._key, key)
        else:
            self._restarts.append(len(self._data))
            self._since_restart = 0
        for number in (shared, len(key) - shared, len(value)):
            self._data += varint.encode(number)
        self._data += key[shared:]
        self._data += value
        self._key = key
        self._since_restart += 1

    def finish(self) -> bytes:
        """Returns the block, without its trailer."""
        count = len(self._restarts)
        return bytes(self._data) + struct.pack(f"<{count + 1}I", *self._restarts, count)


def _shared(a: bytes, b: bytes) -> int:
    """Returns how many bytes two keys start with in common."""
    for at, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return at
    return min(len(a), len(b))
