"""Variant tensors (dataset iterators and the like): not decoded, but checked, so that they can be copied.

Every element is its length as a varint, a serialized VariantTensorDataProto, and a masked CRC of everything so far:
each length as 8 bytes, each element, each such CRC.
"""

from __future__ import annotations

import struct

from compat_saver.bundle import checksum, varint
from compat_saver.bundle.buffers import Buffer
from compat_saver.errors import FormatError


def crc(data: Buffer, count: int, *, path: str = "", base: int = 0) -> int:
    """Returns the checksum of a stored variant tensor of `count` elements, as the index holds it before masking.

    Raises:
        FormatError: the lengths do not make up the data.
        ChecksumError: an element was altered.
    """
    value = position = 0
    for number in range(count):
        size, start = varint.decode(data, position, path=path, base=base)
        position = start + size + 4
        if position > len(data):
            break
        value = checksum.crc32c(data[start : position - 4], checksum.crc32c(struct.pack("<Q", size), value))
        (stored,) = struct.unpack_from("<I", data, position - 4)
        checksum.check(f"variant {number}", stored, value, path=path, offset=base + start)
        value = checksum.crc32c(data[position - 4 : position], value)
    if position != len(data):
        raise FormatError(
            f"bad variant tensor of {count} elements",
            path=path,
            offset=base,
            expected=f"lengths that make up its {len(data)} bytes",
            found=f"{position} bytes",
        )
    return value
