"""Index tables: sorted keys and values in checksummed blocks; LevelDB's table format as TensorFlow uses it.

A table is data blocks, a metaindex block (always empty), an index block (for every data block a key not below its last
one, and its place) and a footer. Every block is followed by its compression type and a masked CRC-32C of both.
"""

from __future__ import annotations

import bisect
import operator
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from compat_saver.bundle import blocks, checksum, snappy, varint
from compat_saver.bundle.files import Buffer, DataFile
from compat_saver.errors import FormatError

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER_SIZE = 48
BLOCK_SIZE = 256 << 10
_LARGE = 4 * BLOCK_SIZE

_TRAILER = struct.Struct("<BI")
_UNCOMPRESSED, _SNAPPY = 0, 1
_MOST_HELD = 16
_KEY = operator.itemgetter(0)


class Handle(NamedTuple):
    """Where a block is; its trailer is not counted."""

    offset: int
    size: int

    def encode(self) -> bytes:
        """Returns two varints."""
        return varint.encode(self.offset) + varint.encode(self.size)


class IndexTable:
    """A table in a file; every block's checksum is checked when the block is first read.

    Opening reads the footer and the index block only.
    """

    def __init__(self, file: DataFile) -> None:
        self.file = file
        self._metaindex, index = _read_footer(file)
        entries = blocks.decode(self._block(index, "the index block"), path=file.path, base=index.offset)
        self._separators = [key for key, _ in entries]
        self._handles = [_decode_handle(value, file.path, index.offset, whole=True)[0] for _, value in entries]
        self._blocks: dict[int, list[tuple[bytes, Buffer]]] = {}

    def first(self) -> tuple[bytes, Buffer] | None:
        """Returns the first key and its value, None if the table is empty; reads one block."""
        return next(self.items(), None)

    def items(self) -> Iterator[tuple[bytes, Buffer]]:
        """Yields every key and value in order.

        Raises:
            ChecksumError: a block was altered.
            FormatError: a block contradicts the format.
        """
        last = None
        for number in range(len(self._handles)):
            entries = self._entries(number)
            if last is not None and entries and entries[0][0] <= last:
                raise self._disorder(number, entries[0][0], last)
            yield from entries
            last = entries[-1][0] if entries else last

    def get(self, key: bytes) -> Buffer | None:
        """Returns the value of a key, None if the table does not hold it; reads at most one block."""
        number = bisect.bisect_left(self._separators, key)
        if number == len(self._handles):
            return None
        entries = self._entries(number)
        at = bisect.bisect_left(entries, key, key=_KEY)
        return entries[at][1] if at < len(entries) and entries[at][0] == key else None

    def verify(self, progress: Callable[[int], None]) -> None:
        """Checks every block and the order of all keys; reports the bytes of each block to `progress`."""
        self._block(self._metaindex, "the metaindex block")
        for number, _ in enumerate(self.items()):
            if number % _MOST_HELD == 0:
                self.trim()
        for handle in self._handles:
            progress(handle.size)

    def trim(self) -> None:
        """Gives mapped pages back, and blocks that were copied where they are more than a few."""
        self.file.release()
        if len(self._blocks) > _MOST_HELD:
            self._blocks.clear()

    def _entries(self, number: int) -> list[tuple[bytes, Buffer]]:
        if number not in self._blocks:
            handle = self._handles[number]
            data = self._block(handle, f"block {number}")
            self._blocks[number] = blocks.decode(data, path=self.file.path, base=handle.offset)
        return self._blocks[number]

    def _block(self, handle: Handle, what: str) -> Buffer:
        path, (offset, size) = self.file.path, handle
        data = self.file.view(offset, size + _TRAILER.size, what)
        compression, stored = _TRAILER.unpack_from(data, size)
        crc = self._crc(offset, size + 1, what) if size > _LARGE else checksum.crc32c(data[: size + 1])
        checksum.check(f"{what} ({size} bytes)", stored, crc, path=path, offset=offset)
        if compression == _SNAPPY:
            return snappy.decode(bytes(data[:size]), path=path, base=offset)
        if compression != _UNCOMPRESSED:
            raise FormatError(
                f"{what} is compressed in an unknown way",
                path=path,
                offset=offset + size,
                expected="type 0 (none) or 1 (snappy)",
                found=f"type {compression}",
            )
        # Blocks of the usual size are copied, because bytes are faster to take apart.
        return data[:size] if size > _LARGE else bytes(data[:size])

    def _crc(self, offset: int, size: int, what: str) -> int:
        """Returns the checksum of a large block, read and not mapped: mapped pages would count as memory."""
        crc = 0
        for chunk in self.file.chunks(offset, size, what):
            crc = checksum.crc32c(chunk, crc)
        return crc

    def _disorder(self, number: int, key: bytes, last: bytes) -> FormatError:
        return FormatError(
            f"block {number} is out of order",
            path=self.file.path,
            offset=self._handles[number].offset,
            expected=f"keys after {last!r}",
            found=repr(key),
        )


def is_table(file: DataFile) -> bool:
    """Whether the file ends as a table does."""
    if file.size < FOOTER_SIZE:
        return False
    tail = file.chunks(file.size - len(MAGIC), len(MAGIC), "the magic number")
    return b"".join(bytes(part) for part in tail) == MAGIC


def _read_footer(file: DataFile) -> tuple[Handle, Handle]:
    """Returns the handles of the metaindex block and of the index block."""
    start = max(0, file.size - FOOTER_SIZE)
    footer = bytes(file.view(start, min(file.size, FOOTER_SIZE), "the footer"))
    if len(footer) < FOOTER_SIZE or not footer.endswith(MAGIC):
        file.refuse_foreign()
        raise FormatError(
            "no table footer",
            path=file.path,
            offset=max(0, file.size - len(MAGIC)),
            expected=f"the last 8 bytes to be {MAGIC.hex(' ')}",
            found=footer[-len(MAGIC) :].hex(" "),
            hint="The file is cut short, damaged, or no checkpoint file.",
        )
    metaindex, position = _decode_handle(footer, file.path, start)
    index, _ = _decode_handle(footer, file.path, start, position)
    return metaindex, index


def _decode_handle(data: Buffer, path: str, base: int, position: int = 0, *, whole: bool = False) -> tuple[Handle, int]:
    offset, position = varint.decode(data, position, path=path, base=base)
    size, position = varint.decode(data, position, path=path, base=base)
    if whole and position != len(data):
        raise FormatError(
            "bad block handle",
            path=path,
            offset=base,
            expected="two varints",
            found=bytes(data).hex(" "),
        )
    return Handle(offset, size), position


class IndexTableWriter:
    """Writes a table; keys must come in ascending order. The bytes are those that TensorFlow would write."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._offset = 0
        self._block = blocks.BlockWriter()
        self._index = blocks.BlockWriter(restart_interval=1)
        self._last: bytes | None = None
        self._pending: Handle | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """Appends an entry."""
        if self._last is not None and key <= self._last:
            raise ValueError(f"keys must ascend: {key!r} after {self._last!r}")
        if self._last is not None and len(key) + len(value) >= 2 * BLOCK_SIZE:
            self._flush()
        self._index_pending(key)
        self._block.add(key, value)
        self._last = key
        if self._block.size >= BLOCK_SIZE:
            self._flush()

    def finish(self) -> None:
        """Writes what is left, the index and the footer; the table is complete."""
        self._flush()
        metaindex = self._write(blocks.BlockWriter())
        self._index_pending(None)
        handles = metaindex.encode() + self._write(self._index).encode()
        self._out.write(handles.ljust(FOOTER_SIZE - len(MAGIC), b"\x00") + MAGIC)

    def _flush(self) -> None:
        if self._block:
            self._pending = self._write(self._block)
            self._block = blocks.BlockWriter()

    def _index_pending(self, following: bytes | None) -> None:
        """Enters the last finished block into the index, under a short key that parts it from `following`."""
        if self._pending is not None and self._last is not None:
            self._index.add(separator(self._last, following), self._pending.encode())
            self._pending = None

    def _write(self, block: blocks.BlockWriter) -> Handle:
        data = block.finish()
        crc = checksum.crc32c(bytes([_UNCOMPRESSED]), checksum.crc32c(data))
        self._out.write(data + _TRAILER.pack(_UNCOMPRESSED, checksum.mask(crc)))
        handle = Handle(self._offset, len(data))
        self._offset += len(data) + _TRAILER.size
        return handle


def separator(last: bytes, following: bytes | None) -> bytes:
    """Returns a short key that is at least `last` and below `following`; None for following is the end of the table.

    Cases: nothing follows, so the first byte that can grow, grows; one key is a prefix of the other, so `last` stays;
    the first byte that differs can grow and stay below; or it cannot, so `last` stays.
    """
    if following is None:
        at = next((i for i, byte in enumerate(last) if byte != 0xFF), None)
        return last if at is None else last[:at] + bytes([last[at] + 1])
    at = next((i for i, (a, b) in enumerate(zip(last, following, strict=False)) if a != b), None)
    if at is None or last[at] + 1 >= following[at]:
        return last
    return last[:at] + bytes([last[at] + 1])
