"""TensorProto and numpy arrays.

A TensorProto holds its elements as bytes in `tensor_content`, or one by one in a `*_val` field; there the last value
stands for all elements that are left, and no value at all for zeros.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compat_saver import dtypes
from compat_saver.dtypes import DType
from compat_saver.errors import FormatError
from compat_saver.proto.messages import Message, TensorProto

Array = npt.NDArray[Any]

DEFAULT_LIMIT = 1 << 30
"""Bytes to which values that are not spelled out may grow, unless the caller allows more."""

_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "float16": "half_val",
    "bfloat16": "half_val",
}
_FIELDS |= {f"int{bits}": "int_val" for bits in (2, 4, 8, 16, 32)}
_FIELDS |= {f"uint{bits}": "int_val" for bits in (2, 4, 8, 16)}
_FIELDS |= {f"qint{bits}": "int_val" for bits in (8, 16, 32)}
_FIELDS |= {f"quint{bits}": "int_val" for bits in (8, 16)}
_FIELDS |= {f"float8_{kind}": "float8_val" for kind in ("e5m2", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "e5m2fnuz")}

_STORED = {
    "float_val": "float32",
    "double_val": "float64",
    "scomplex_val": "float32",  # two of them make an element
    "dcomplex_val": "float64",
    "int_val": "int32",
    "int64_val": "int64",
    "uint32_val": "uint32",
    "uint64_val": "uint64",
    "bool_val": "bool",
    "half_val": "int32",  # the bits of a float16 or bfloat16 in the lower half
}
"""What the values of a field are, before they become elements."""


# ---- message -> array


def to_array(message: Message, *, where: str = "TensorProto", limit: int = DEFAULT_LIMIT) -> Array:
    """Returns the array of a TensorProto; strings become bytes objects. The array may be read-only.

    Args:
        message: the TensorProto.
        where: its file or node, for errors.
        limit: bytes that may be allocated for elements which the message does not spell out.

    Raises:
        FormatError: type or shape are none that an array can have, the elements contradict them, or exceed the limit.
    """
    try:
        dtype = dtypes.by_number(message.dtype)
    except KeyError:
        raise _bad(where, "unknown type", "a number of types.proto", str(message.dtype)) from None
    shape = tuple(dim.size for dim in message.tensor_shape.dim)
    if message.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise _bad(where, "bad shape", "known sizes", "unknown rank" if not shape else str(shape))
    count = math.prod(shape)
    if message.tensor_content:
        flat = _from_content(message.tensor_content, dtype, count, where)
    else:
        flat = _repeated(values(message, dtype, where=where)[:count], count, where, limit)
    try:
        return flat.reshape(shape)
    except ValueError as error:
        raise _bad(where, "bad shape", "one that numpy can hold", str(error)) from None


def values(message: Message, dtype: DType, *, where: str = "TensorProto") -> Array:
    """Returns the elements that a TensorProto spells out in the `*_val` field of a type, flat.

    Raises:
        FormatError: the type has no such field, or a value does not fit the type.
    """
    element = _numpy(dtype, where)
    field = _FIELDS.get(dtype.name)
    if field is None:
        raise _bad(where, "no values", "a type with a field for values", dtype.name)
    if field == "string_val":
        return _objects(message.string_val)
    if field == "float8_val":
        return np.frombuffer(message.float8_val, element)
    found = np.array(getattr(message, field), _STORED[field])
    if dtype.is_complex:
        if len(found) % 2:
            raise _bad(where, f"bad {field}", "real and imaginary parts", f"{len(found)} numbers")
        return found.view(element)
    if field == "half_val":
        return _narrowed(found, np.dtype(np.uint16), field, where).view(element)
    return _narrowed(found, element, field, where) if field == "int_val" else found


def problem_of_size(message: Message) -> str:
    """Returns what was expected and found of shape and `tensor_content`, a phrase; "" if they fit each other.

    Bytes of the right number are counted and not read: reading copies them.
    """
    shape = message.tensor_shape
    if shape.unknown_rank or any(dim.size < 0 for dim in shape.dim):
        return "known sizes, found unknown ones"
    width = dtypes.by_number(message.dtype).itemsize if dtypes.is_known(message.dtype) else 0
    expected = width * math.prod(dim.size for dim in shape.dim)
    if not expected or message.ByteSize() == _size_with_content(message, expected):
        return ""
    found = len(message.tensor_content)
    return f"{expected} bytes, found {found}" if found not in (0, expected) else ""


def _size_with_content(message: Message, count: int) -> int:
    """Returns how large a message of this type and shape is with `count` bytes of content, and nothing else."""
    head: int = TensorProto(dtype=message.dtype, tensor_shape=message.tensor_shape).ByteSize()
    return head + 1 + math.ceil(count.bit_length() / 7) + count  # the key of the field and its length as a varint


def _from_content(content: bytes, dtype: DType, count: int, where: str) -> Array:
    element = _numpy(dtype, where)
    if dtype.name == "string":
        return _objects(_split_strings(content, count, where))
    if len(content) != count * dtype.itemsize:
        raise _bad(where, "bad tensor_content", f"{count * dtype.itemsize} bytes", f"{len(content)} bytes")
    return np.frombuffer(content, element)


def _split_strings(content: bytes, count: int, where: str) -> list[bytes]:
    """Takes strings apart: the lengths of all as varints, then the bytes of all."""
    lengths, position = [], 0
    for _ in range(min(count, len(content))):
        length = shift = 0
        while position < len(content):
            byte = content[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        lengths.append(length)
    if len(lengths) != count or position + sum(lengths) != len(content):
        raise _bad(where, "bad tensor_content", f"{count} strings", f"{len(content)} bytes")
    out = []
    for length in lengths:
        out.append(content[position : position + length])
        position += length
    return out


def _repeated(flat: Array, count: int, where: str, limit: int) -> Array:
    """Cases: all elements are there; the last one stands for the rest; or none is there, which means zeros."""
    missing = count - len(flat)
    if missing == 0:
        return flat
    if count * flat.dtype.itemsize > limit:
        raise _bad(
            where,
            f"{len(flat)} values stand for {count} elements",
            f"at most {limit} bytes",
            f"{count * flat.dtype.itemsize} bytes",
        )
    zero: Any = b"" if flat.dtype == object else np.zeros((), flat.dtype)
    out = np.full(count, flat[-1] if len(flat) else zero, flat.dtype)
    out[: len(flat)] = flat
    return out


def _objects(elements: Any) -> Array:
    out = np.empty(len(elements), np.object_)
    out[:] = list(elements)
    return out


def _narrowed(found: Array, element: np.dtype[Any], field: str, where: str) -> Array:
    out = found.astype(element)
    if (out.astype(found.dtype) != found).any():
        raise _bad(where, f"bad {field}", f"values that fit {element}", "larger ones")
    return out


def _numpy(dtype: DType, where: str) -> np.dtype[Any]:
    try:
        return dtype.numpy
    except TypeError as error:
        raise _bad(where, "no array", "a type that numpy or ml_dtypes has", str(error)) from None


def _bad(where: str, what: str, expected: str, found: str) -> FormatError:
    return FormatError(what, path=where, expected=expected, found=found)


# ---- array -> message


def from_array(array: npt.ArrayLike, dtype: DType | None = None) -> Message:
    """Returns the TensorProto of an array; objects, bytes and str are strings.

    One element goes into its `*_val` field, as TensorFlow's own make_tensor_proto has it; more go into tensor_content.

    Args:
        array: the values.
        dtype: the type, where numpy's is ambiguous: the quantized types look like integers.

    Raises:
        TypeError: TensorFlow has no type for the elements, or strings are not bytes or str.
    """
    source = np.asarray(array)
    dtype = dtype or dtypes.from_numpy(source.dtype)
    message = TensorProto(dtype=dtype.number)
    message.tensor_shape.SetInParent()
    for size in source.shape:
        message.tensor_shape.dim.add().size = size
    if dtype.name == "string":
        message.string_val.extend(as_bytes(element) for element in source.reshape(-1).tolist())
        return message
    flat = source.astype(dtype.numpy, copy=False).reshape(-1)
    if flat.size == 1 and dtype.name in _FIELDS:
        _set_value(message, flat, _FIELDS[dtype.name])
    elif flat.size:
        message.tensor_content = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
    return message


def _set_value(message: Message, flat: Array, field: str) -> None:
    if field == "float8_val":
        message.float8_val = flat.tobytes()
        return
    if field == "half_val":
        flat = flat.view(np.uint16)
    elif flat.dtype.kind == "c":
        flat = flat.view(_STORED[field])
    getattr(message, field).extend(flat.astype(_STORED[field]).tolist())


def as_bytes(element: object) -> bytes:
    """Returns an element of a string tensor as bytes; str is encoded as UTF-8.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(element, bytes):
        return element
    if isinstance(element, str):
        return element.encode()
    raise TypeError(f"a string tensor holds bytes or str, not {type(element).__name__}")
