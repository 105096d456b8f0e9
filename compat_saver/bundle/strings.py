"""Tensors whose elements have no fixed width, in V2 data files: strings and variants.

A string tensor is the lengths as varints, a masked CRC of the lengths, then the bytes of all elements. The checksum in
the index is not one of the bytes as they are stored. It covers every length as a 4-byte number in the byte order of the
writing machine (8 bytes where 4 are too few), the stored CRC of the lengths, and the elements.

A variant tensor (dataset iterators and the like) is not decoded, but checked, so that it can be copied. Every element
is its length as a varint, a serialized VariantTensorDataProto, and a masked CRC of everything so far: each length as 8
bytes, each element, each such CRC.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compat_saver.bundle import checksum, varint
from compat_saver.bundle.files import Buffer
from compat_saver.errors import FormatError

_UINT32_MAX = (1 << 32) - 1


@dataclass(frozen=True)
class StoredStrings:
    """A string tensor as it is stored in a file.

    Attributes:
        lengths: bytes of every element.
        body: the bytes of all elements.
        crc: the checksum of everything, as the index holds it before masking.
        current: whether the lengths have a checksum of their own, as every released TensorFlow writes it.
    """

    lengths: npt.NDArray[np.int64]
    body: Buffer
    crc: int
    current: bool

    def elements(self) -> npt.NDArray[np.object_]:
        """Returns the elements as bytes objects."""
        ends = np.cumsum(self.lengths).tolist()
        body = bytes(self.body)
        out = np.empty(len(ends), np.object_)
        out[:] = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return out


def encode(elements: Sequence[bytes]) -> tuple[bytes, int]:
    """Returns the stored bytes of a string tensor, and the checksum for the index before masking."""
    lengths = [len(element) for element in elements]
    crc = _crc_of_lengths(np.array(lengths, np.int64), "<")
    stored = struct.pack("<I", checksum.mask(crc))
    body = b"".join(elements)
    crc = checksum.crc32c(body, checksum.crc32c(stored, crc))
    return b"".join(map(varint.encode, lengths)) + stored + body, crc


def decode(data: Buffer, count: int, *, byte_order: str = "<", path: str = "", base: int = 0) -> StoredStrings:
    """Takes a string tensor of `count` elements apart.

    Cases: nothing at all, which is how some writers store an empty tensor; the current form; the form without a
    checksum of the lengths. Which one it is follows from the sizes.

    Args:
        data: the stored bytes of the whole tensor.
        count: its number of elements.
        byte_order: "<" or ">", of the machine that wrote it.
        path: the file, for errors.
        base: where in the file `data` starts, for errors.

    Raises:
        FormatError: the lengths do not add up.
        ChecksumError: the lengths were altered.
    """
    if not data and not count:
        return StoredStrings(np.zeros(0, np.int64), data, 0, current=False)
    lengths, start = _lengths(data, count, path, base)
    crc = _crc_of_lengths(lengths, byte_order)
    rest = len(data) - start - int(lengths.sum())
    if rest not in (0, 4):
        raise _contradiction(data, count, base, path, f"{start} bytes of lengths that sum to {int(lengths.sum())}")
    if rest:
        (stored,) = struct.unpack_from(f"{byte_order}I", data, start)
        checksum.check("the lengths of a string tensor", stored, crc, path=path, offset=base)
        crc = checksum.crc32c(data[start : start + 4], crc)
    body = data[start + rest :]
    return StoredStrings(lengths, body, checksum.crc32c(body, crc), current=rest == 4)


def _lengths(data: Buffer, count: int, path: str, base: int) -> tuple[npt.NDArray[np.int64], int]:
    if count > len(data):
        raise _contradiction(data, count, base, path, "at least one byte for the length of each")
    lengths, start = varint.decode_many(data, count, path=path, base=base)
    # Checked before they are summed: 64-bit sums of 64-bit lengths overflow.
    if count and int(lengths.max()) > len(data):
        raise _contradiction(data, count, base, path, f"an element of {int(lengths.max())} bytes")
    return lengths.astype(np.int64), start


def _contradiction(data: Buffer, count: int, base: int, path: str, found: str) -> FormatError:
    return FormatError(
        f"bad string tensor of {count} elements",
        path=path,
        offset=base,
        expected=f"lengths that make up its {len(data)} bytes",
        found=found,
    )


def _crc_of_lengths(lengths: npt.NDArray[np.int64], byte_order: str) -> int:
    if len(lengths) == 0 or int(lengths.max()) <= _UINT32_MAX:
        return checksum.crc32c(lengths.astype(f"{byte_order}u4").tobytes())
    words = (struct.pack(f"{byte_order}{'I' if length <= _UINT32_MAX else 'Q'}", length) for length in lengths.tolist())
    return checksum.crc32c(b"".join(words))


def variant_crc(data: Buffer, count: int, *, path: str = "", base: int = 0) -> int:
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
