"""The numbers of a V1 slice where they lie in the file, without parsing the message around them.

Protobuf makes a Python object of every number, which takes ten times the memory of the tensor. Floating and complex
numbers are packed: the file has them as an array has them.
"""

from __future__ import annotations

from compat_saver.bundle.buffers import Buffer
from compat_saver.dtypes import DType
from compat_saver.proto.wire import LENGTH, Field, WireError, fields

# SavedTensorSlices.data, SavedSlice.data; then the field of TensorProto.
_PATH = (2, 3)
_PACKED = {"float32": 5, "float64": 6, "complex64": 9, "complex128": 12}


def is_packed(dtype: DType) -> bool:
    """Whether numbers of a type can lie packed."""
    return dtype.name in _PACKED


def packed(value: Buffer, dtype: DType) -> Buffer | None:
    """Returns the little-endian bytes of the numbers in a serialized SavedTensorSlices.

    None where they are not simply there: the type is no floating or complex one, a field is repeated (then the message
    as a whole says what counts), nothing is packed, or the bytes are no message.
    """
    number = _PACKED.get(dtype.name)
    if number is None:
        return None
    start, end = 0, len(value)
    try:
        for step in (*_PATH, number):
            field = _only(value, step, start, end)
            if field is None:
                return None
            start, end = field.start, field.end
    except WireError:
        return None
    return value[start:end] if (end - start) % dtype.itemsize == 0 else None


def _only(value: Buffer, number: int, start: int, end: int) -> Field | None:
    """Returns the one field of that number, None if there is none, several, or one that reaches beyond the end."""
    found = None
    for field in fields(value, start, end):
        if field.end > end or (field.number == number and (found is not None or field.wire_type != LENGTH)):
            return None
        if field.number == number:
            found = field
    return found
