"""Checkpoint files made by hand: V1, big-endian, and bundles whose index tells lies with correct checksums."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import SliceSpec, checksum, entries, strings
from compat_saver.bundle.entries import Header, TensorInfo
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import IndexTable, IndexTableWriter
from compat_saver.proto.messages import SavedTensorSlices

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)

NUMERIC = sorted(
    [
        "float16",
        "float32",
        "float64",
        "bfloat16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "complex64",
        "complex128",
        "qint8",
        "quint8",
        "qint16",
        "quint16",
        "qint32",
        "float8_e5m2",
        "float8_e4m3fn",
        "int4",
        "uint4",
    ]
)
"""Types whose elements have a width."""


def sample(dtype_name: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    """Returns reproducible values of any type, strings too; floats are any bits but never NaN."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape, dtype=np.int64))
    if dtype_name == "string":
        out = np.empty(count, object)
        out[:] = [rng.bytes(int(n)) for n in rng.integers(0, 200, count)]
        return out.reshape(shape)
    dtype = dtypes.by_name(dtype_name)
    if dtype.is_floating or dtype.is_complex:
        return rng.normal(size=shape).astype(dtype.numpy)
    high = 2 if dtype.name == "bool" else 7 if dtype.bits == 4 else 100
    return rng.integers(0, high, shape).astype(dtype.numpy)


def table_bytes(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns a table."""
    out = io.BytesIO()
    writer = IndexTableWriter(out)
    for key, value in sorted(items):
        writer.add(key, value)
    writer.finish()
    return out.getvalue()


def rewrite(path: Path | str, change: Callable[[dict[bytes, bytes]], Any]) -> None:
    """Changes the entries of a table; its checksums stay correct."""
    items = {key: bytes(value) for key, value in IndexTable(DataFile(str(path))).items()}
    change(items)
    with open(path, "r+b") as file:  # in place: thousands of new files would wait for the disk
        file.write(table_bytes(items.items()))
        file.truncate()


def write_big_endian(prefix: Path, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Writes what TensorFlow writes on a big-endian machine."""
    data, items = b"", {b"": entries.encode_header(Header(1, ">"))}
    for name, array in tensors.items():
        dtype = dtypes.from_numpy(array.dtype)
        if dtype.name == "string":
            stored, crc = encode_big_endian_strings(array.reshape(-1).tolist())
        else:
            width = dtype.itemsize // (2 if dtype.is_complex else 1)
            stored = array.reshape(-1).view(f"<u{width}").byteswap().tobytes()
            crc = checksum.crc32c(stored)
        info = TensorInfo(name, dtype, array.shape, len(stored), shard=0, offset=len(data), crc32c=checksum.mask(crc))
        items[name.encode()] = entries.encode_entry(info)
        data += stored
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    Path(f"{prefix}.index").write_bytes(table_bytes(items.items()))


def encode_big_endian_strings(elements: list[bytes]) -> tuple[bytes, int]:
    """Returns stored bytes and checksum of strings as a big-endian machine has them."""
    little, _ = strings.encode(elements)
    body = b"".join(elements)
    lengths = little[: len(little) - len(body) - 4]
    crc = checksum.crc32c(np.array([len(e) for e in elements], ">u4").tobytes())
    stored = checksum.mask(crc).to_bytes(4, "big")
    return lengths + stored + body, checksum.crc32c(body, checksum.crc32c(stored, crc))


V1_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "int64": "int64_val",
    "uint8": "int_val",
    "int16": "int_val",
    "int8": "int_val",
    "bool": "bool_val",
    "string": "string_val",
    "float16": "half_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
}
"""The types that V1 can hold, and where."""


def v1_items(
    tensors: Mapping[str, tuple[np.ndarray[Any, Any], list[SliceSpec]]],
) -> dict[bytes, bytes]:
    """Returns the entries of a V1 table that holds those slices of those tensors."""
    meta = SavedTensorSlices()
    meta.meta.versions.producer = 1
    items = {}
    for name, (array, specs) in tensors.items():
        dtype = dtypes.from_numpy(array.dtype)
        tensor = meta.meta.tensor.add(name=name, type=dtype.number)
        tensor.shape.SetInParent()
        for size in array.shape:
            tensor.shape.dim.add().size = size
        for spec in specs:
            tensor.slice.append(spec.to_proto())
            value = SavedTensorSlices()
            value.data.name = name
            value.data.slice.CopyFrom(spec.to_proto())
            flat = np.asarray(array[spec.box(array.shape)]).reshape(-1)
            if dtype.name == "float16":
                flat = flat.view(np.uint16)
            elif dtype.is_complex:
                flat = flat.view(f"f{dtype.itemsize // 2}")
            getattr(value.data.data, V1_FIELDS[dtype.name]).extend(flat.tolist())
            items[spec.key(name)] = value.SerializeToString()
    items[b""] = meta.SerializeToString()
    return items


def write_v1(path: Path, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Writes a V1 checkpoint of whole tensors."""
    whole = {name: (array, [SliceSpec.full(array.ndim)]) for name, array in tensors.items()}
    path.write_bytes(table_bytes(v1_items(whole).items()))


def slice_of(box: tuple[slice, ...], shape: Iterable[int]) -> SliceSpec:
    """Returns the slice of a tensor of that shape that a box covers; whole dimensions are written as such."""
    return SliceSpec(
        tuple(
            (0, -1) if (part.start, part.stop) == (0, size) else (part.start, part.stop - part.start)
            for part, size in zip(box, shape, strict=True)
        )
    )
