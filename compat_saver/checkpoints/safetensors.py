"""safetensors files: the size of the header (8 bytes), a JSON header, the bytes of all tensors.

https://huggingface.co/docs/safetensors has the format. It is read and written here, and not by the safetensors package,
which needs every tensor in memory; .github/decisions/ explains it.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from compat_saver import dtypes
from compat_saver.bundle.files import DataFile
from compat_saver.checkpoints.values import Numbers, Slices, Values
from compat_saver.checkpoints.write_plan import Entry
from compat_saver.dtypes import DType
from compat_saver.errors import FormatError

_SIZE = struct.Struct("<Q")
_MOST_HEADER = 100_000_000
_METADATA, _DTYPES = "__metadata__", "compat_saver.dtypes"

_CODES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
    "complex64": "C64",
}
_NAMES = {code: name for name, code in _CODES.items()}

# Written as the plain integers that they are in checkpoint files; the metadata records what they were.
_STANDINS = {
    "qint8": "int8",
    "quint8": "uint8",
    "qint16": "int16",
    "quint16": "uint16",
    "qint32": "int32",
    "int4": "int8",
    "uint4": "uint8",
}


def problem(name: str, values: Values) -> str:
    """Returns why a tensor cannot be in the file; "" if it can."""
    if name == _METADATA:
        return "of a name that the format keeps for itself"
    return "" if _code(values.dtype) else f"of {values.dtype.name}"


def _code(dtype: DType) -> str:
    return _CODES.get(_STANDINS.get(dtype.name, dtype.name), "")


def write(out: BinaryIO, entries: list[Entry]) -> Iterator[int]:
    """Writes a file; yields the bytes of each tensor when it is written."""
    header, position = {_METADATA: _metadata(entries)}, 0
    for entry in entries:
        values = entry.values
        end = position + values.nbytes
        header[entry.name] = {
            "dtype": _code(values.dtype),
            "shape": list(values.shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)  # so that what follows is aligned
    out.write(_SIZE.pack(len(text)) + text)
    for entry in entries:
        for chunk in entry.values.chunks():
            out.write(chunk)
        yield entry.values.nbytes


def _metadata(entries: list[Entry]) -> dict[str, Any]:
    named = {entry.name: entry.values.dtype.name for entry in entries if entry.values.dtype.name in _STANDINS}
    return {"format": "np"} | ({_DTYPES: json.dumps(named)} if named else {})


def read(path: str) -> list[Entry]:
    """Returns the tensors of a file as entries whose values are read when they are written.

    Raises:
        ArtifactError: it is no such file, or damaged.
    """
    file = DataFile(path)
    header, start = _header(file)
    named = _named_types(header.pop(_METADATA, {}))
    entries = [_entry(file, name, facts, start, named) for name, facts in header.items()]
    _refuse_gaps(file, header, start)
    return entries


def _header(file: DataFile) -> tuple[dict[str, Any], int]:
    size = _SIZE.unpack(_bytes(file, 0, _SIZE.size))[0] if file.size >= _SIZE.size else _MOST_HEADER
    if size > min(_MOST_HEADER, file.size - _SIZE.size):
        file.refuse_foreign()
        raise _bad(file.path, "the size of a header within the file", f"{size} bytes in a file of {file.size}")
    try:
        header = json.loads(_bytes(file, _SIZE.size, size))
    except (ValueError, RecursionError) as error:
        raise _bad(file.path, "a JSON header", str(error)) from None
    if not isinstance(header, dict):
        raise _bad(file.path, "a JSON object", type(header).__name__)
    return header, _SIZE.size + size


def _bytes(file: DataFile, offset: int, size: int) -> bytes:
    return b"".join(map(bytes, file.chunks(offset, size, "the header")))


def _named_types(metadata: Any) -> dict[str, str]:
    """Returns what this package noted about types; all other metadata is ignored."""
    try:
        found = json.loads(metadata[_DTYPES])
        return {name: kind for name, kind in found.items() if kind in _STANDINS}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _entry(file: DataFile, name: str, facts: Any, start: int, named: dict[str, str]) -> Entry:
    try:
        code, shape, (begin, end) = facts["dtype"], tuple(facts["shape"]), facts["data_offsets"]
        sizes = (*shape, begin, end)
        sound = all(isinstance(size, int) and size >= 0 for size in sizes) and bool(name)
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound or code not in _NAMES:
        raise _bad(file.path, f"dtype, shape and offsets of {name!r}", str(facts)[:100])
    plain = _NAMES[code]
    dtype = dtypes.by_name(named[name] if _STANDINS.get(named.get(name, "")) == plain else plain)
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise _bad(file.path, f"{math.prod(shape) * dtype.itemsize} bytes for {name!r}", f"{end - begin}")

    def compute(slices: Slices) -> Iterator[memoryview]:
        return file.chunks(start + begin, end - begin, f"tensor {name!r}")

    return Entry(name, Numbers(dtype, shape, compute))


def _refuse_gaps(file: DataFile, header: dict[str, Any], start: int) -> None:
    position = 0
    for begin, end in sorted(facts["data_offsets"] for facts in header.values()):
        if begin != position:
            raise _bad(file.path, f"a tensor at byte {position} of the data", f"one at {begin}")
        position = end
    if start + position != file.size:
        raise _bad(file.path, f"a file of {start + position} bytes", f"{file.size}")


def _bad(path: str, expected: str, found: str) -> FormatError:
    return FormatError("bad safetensors file", path=path, expected=expected, found=found)
