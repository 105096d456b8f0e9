"""The values of a V2 index: one header for the bundle, one entry for every tensor and every slice."""

from __future__ import annotations

import math
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from compat_saver import dtypes
from compat_saver.bundle.files import Buffer
from compat_saver.bundle.slices import SliceSpec
from compat_saver.dtypes import DType
from compat_saver.errors import FormatError, UsageError
from compat_saver.proto.messages import BundleEntryProto, BundleHeaderProto, Message

VERSION = 1
"""The version of the format that is written, and the highest that can be read."""

MAX_SHARDS = 100_000
"""Names of data files have five digits for a shard's number; what claims more is damaged."""

Signature = tuple[DType, tuple[int, ...]]
"""Type and shape."""

_INT64_MAX = (1 << 63) - 1
_MAX_RANK = 254


@dataclass(frozen=True)
class TensorInfo:
    """What a checkpoint's index records of a tensor, without its values.

    Attributes:
        name: its name.
        dtype: the type of its elements.
        shape: its full shape.
        nbytes: bytes that its values take in the files; for strings and variants, their lengths and checksums included.
        slices: the parts that a partitioned tensor was saved in; empty when it was saved whole.
        shard: number of the file that holds it; None when it is partitioned.
        offset: byte of that file at which it starts; None when it is partitioned, and in V1.
        crc32c: stored (masked) checksum of its bytes; None when it is partitioned, and in V1.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    nbytes: int
    slices: tuple[SliceSpec, ...] = ()
    shard: int | None = None
    offset: int | None = None
    crc32c: int | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """What a V2 index records of the whole bundle.

    Attributes:
        shards: how many data files there are.
        byte_order: "<" or ">": that of the data files.
    """

    shards: int = 1
    byte_order: str = "<"


# ---- the header


def encode_header(header: Header) -> bytes:
    """Returns the value of the index's first key, the empty one."""
    message = BundleHeaderProto(num_shards=header.shards, endianness="<>".index(header.byte_order))
    message.version.producer = VERSION
    return bytes(message.SerializeToString())


def decode_header(data: Buffer, path: str) -> Header:
    """Reads what encode_header wrote.

    Raises:
        FormatError: it is no header, or one of a later version of the format.
    """
    message = parse(BundleHeaderProto, data, "the header", path)
    check_version(message.version, path)
    if not 1 <= message.num_shards < MAX_SHARDS or message.endianness not in (0, 1):
        raise FormatError(
            "bad header",
            path=path,
            expected=f"1 to {MAX_SHARDS - 1} data files and endianness 0 or 1",
            found=f"{message.num_shards} data files, endianness {message.endianness}",
        )
    return Header(message.num_shards, "<>"[message.endianness])


def check_version(version: Message, path: str) -> None:
    """Raises FormatError if a VersionDef refuses readers like this one; V1 and V2 both count their formats as 1."""
    if version.min_consumer > VERSION or VERSION in version.bad_consumers:
        raise FormatError(
            "the file needs a later reader",
            path=path,
            expected=f"a format for readers of version {VERSION}",
            found=f"minimum {version.min_consumer}, refused {list(version.bad_consumers)}",
        )


# ---- the entries


def encode_entry(info: TensorInfo) -> bytes:
    """Returns the value under a tensor's name or a slice's key."""
    message = BundleEntryProto(dtype=info.dtype.number)
    message.shape.SetInParent()
    for size in info.shape:
        message.shape.dim.add().size = size
    if info.slices:
        message.slices.extend(spec.to_proto() for spec in info.slices)
    else:
        message.shard_id, message.offset, message.size = info.shard, info.offset, info.nbytes
        message.crc32c = info.crc32c
    return bytes(message.SerializeToString())


def decode_entry(name: str, data: Buffer, path: str, signature: Signature | None = None) -> TensorInfo:
    """Reads what encode_entry wrote.

    Args:
        name: the tensor, or the key of a slice.
        data: the value under it.
        path: the index, for errors.
        signature: its type and shape, where they are decoded already.

    Raises:
        FormatError: it is no entry, has an unknown type or an impossible shape, or a size that the shape contradicts.
    """
    what = f"the entry of {name!r}"
    message = parse(BundleEntryProto, data, what, path)
    dtype, shape = signature or _signature(message, what, path)
    nbytes = math.prod(shape) * dtype.itemsize
    if message.slices:
        specs = tuple(decode_slice(spec, shape, what, path) for spec in message.slices)
        return TensorInfo(name, dtype, shape, nbytes, specs)
    if dtype.itemsize and message.size != nbytes:
        raise FormatError(
            f"{what} contradicts itself",
            path=path,
            expected=f"{nbytes} bytes for {dtype.name} of shape {shape}",
            found=f"{message.size} bytes",
        )
    return TensorInfo(name, dtype, shape, message.size, (), message.shard_id, message.offset, message.crc32c)


def _signature(message: Message, what: str, path: str) -> Signature:
    return decode_dtype(message.dtype, what, path), decode_shape(message.shape, what, path)


class Signatures:
    """Decodes type and shape alone; much faster than whole entries, because few differ in a checkpoint."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: dict[Buffer, Signature] = {}

    def decode(self, name: str, data: Buffer) -> Signature:
        """Returns type and shape of an entry.

        Raises:
            FormatError: as decode_entry.
        """
        # As every writer has it: dtype (tag 08, one byte), then the shape (tag 12, its length, its bytes).
        if len(data) > 4 and data[0] == 0x08 and data[2] == 0x12 and data[3] < 0x80:
            head = data[: 4 + data[3]]
            found = self._seen.get(head)
            if found is None:
                what = f"the entry of {name!r}"
                message = parse(BundleEntryProto, head, what, self._path)
                found = self._seen[head] = _signature(message, what, self._path)
            return found
        info = decode_entry(name, data, self._path)
        return info.dtype, info.shape


# ---- what V1 has too


def parse(message_class: Message, data: Buffer, what: str, path: str) -> Message:
    """Returns a message of that class.

    Raises:
        FormatError: the bytes are none.
    """
    try:
        return message_class.FromString(bytes(data))
    except DecodeError as error:
        name = message_class.DESCRIPTOR.name
        raise FormatError(f"{what} cannot be parsed", path=path, expected=f"a {name}", found=str(error)) from error


def decode_dtype(number: int, what: str, path: str) -> DType:
    """Returns the type of a DT_* number; FormatError if there is none."""
    try:
        return dtypes.by_number(number)
    except KeyError:
        raise FormatError(
            f"{what} has an unknown type",
            path=path,
            expected="a number of types.proto",
            found=str(number),
        ) from None


def decode_shape(message: Message, what: str, path: str) -> tuple[int, ...]:
    """Returns the shape of a TensorShapeProto; FormatError unless it is one that a tensor can have."""
    shape = tuple([dim.size for dim in message.dim])
    possible = not message.unknown_rank and len(shape) <= _MAX_RANK and min(shape, default=0) >= 0
    if not possible or math.prod(size for size in shape if size) > _INT64_MAX:
        raise FormatError(
            f"{what} has an impossible shape",
            path=path,
            expected=f"at most {_MAX_RANK} known sizes of 0 and more, below 2**63 elements",
            found="unknown rank" if message.unknown_rank else str(shape[:_MAX_RANK]),
        )
    return shape


def decode_slice(message: Message, shape: tuple[int, ...], what: str, path: str) -> SliceSpec:
    """Returns the slice of a TensorSliceProto; FormatError unless it is one of that shape."""
    try:
        spec = SliceSpec.from_proto(message)
        spec.box(shape)
    except UsageError as error:
        raise FormatError(
            f"{what} has an impossible slice",
            path=path,
            expected=f"a part of shape {shape}",
            found=str(error),
        ) from error
    return spec
