"""The one table of TensorFlow's data types: DT_* number, name, numpy dtype, width.

Source: tensorflow/core/framework/types.proto. A reference type has the number of its value type plus 100.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

REF_OFFSET = 100
"""What types.proto adds to a type's number for the reference to it."""


@dataclass(frozen=True)
class DType:
    """One row of types.proto.

    Attributes:
        number: the DT_* number of the value type, never that of a reference.
        name: TensorFlow's name in lower case: "float32", "string", "resource".
        bits: width of an element in the files, in bits; 0 where elements have no fixed width.
        numpy_name: numpy's or ml_dtypes' name of the same elements; "object" for strings, "" where there is none.
    """

    number: int
    name: str
    bits: int
    numpy_name: str

    @property
    def itemsize(self) -> int:
        """Bytes of one element in a checkpoint file; 0 where elements have no fixed width.

        The 4-bit types and the narrower ones take one whole byte each, as in TensorFlow's memory.
        """
        return (self.bits + 7) // 8

    @property
    def is_floating(self) -> bool:
        """Whether elements are real floating point numbers, the narrow kinds included."""
        return "float" in self.name or self.name == "half"

    @property
    def is_integer(self) -> bool:
        """Whether elements are plain (not quantized) integers."""
        return self.name.startswith(("int", "uint"))

    @property
    def is_complex(self) -> bool:
        """Whether elements are complex numbers."""
        return self.name.startswith("complex")

    @functools.cached_property
    def numpy(self) -> np.dtype:
        """The numpy dtype of the elements.

        Raises:
            TypeError: numpy and ml_dtypes have none (resource, variant, or too old an ml_dtypes).
        """
        if self.numpy_name in _PLAIN_NUMPY:
            return np.dtype(self.numpy_name)
        import ml_dtypes  # 10 ms that most files never need

        scalar = getattr(ml_dtypes, self.numpy_name, None) if self.numpy_name else None
        if scalar is None:
            raise TypeError(f"no numpy dtype for TensorFlow's {self.name} (DT number {self.number})")
        dtype: np.dtype = np.dtype(scalar)
        return dtype


_PLAIN_NUMPY = {
    *("float16", "float32", "float64", "complex64", "complex128", "bool", "object"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
}

# The quantized types are stored as the plain integers of their width.
_TABLE = (
    DType(1, "float32", 32, "float32"),
    DType(2, "float64", 64, "float64"),
    DType(3, "int32", 32, "int32"),
    DType(4, "uint8", 8, "uint8"),
    DType(5, "int16", 16, "int16"),
    DType(6, "int8", 8, "int8"),
    DType(7, "string", 0, "object"),
    DType(8, "complex64", 64, "complex64"),
    DType(9, "int64", 64, "int64"),
    DType(10, "bool", 8, "bool"),
    DType(11, "qint8", 8, "int8"),
    DType(12, "quint8", 8, "uint8"),
    DType(13, "qint32", 32, "int32"),
    DType(14, "bfloat16", 16, "bfloat16"),
    DType(15, "qint16", 16, "int16"),
    DType(16, "quint16", 16, "uint16"),
    DType(17, "uint16", 16, "uint16"),
    DType(18, "complex128", 128, "complex128"),
    DType(19, "float16", 16, "float16"),
    DType(20, "resource", 0, ""),
    DType(21, "variant", 0, ""),
    DType(22, "uint32", 32, "uint32"),
    DType(23, "uint64", 64, "uint64"),
    DType(24, "float8_e5m2", 8, "float8_e5m2"),
    DType(25, "float8_e4m3fn", 8, "float8_e4m3fn"),
    DType(26, "float8_e4m3fnuz", 8, "float8_e4m3fnuz"),
    DType(27, "float8_e4m3b11fnuz", 8, "float8_e4m3b11fnuz"),
    DType(28, "float8_e5m2fnuz", 8, "float8_e5m2fnuz"),
    DType(29, "int4", 4, "int4"),
    DType(30, "uint4", 4, "uint4"),
    DType(31, "int2", 2, "int2"),
    DType(32, "uint2", 2, "uint2"),
    DType(33, "float4_e2m1fn", 4, "float4_e2m1fn"),
)

_BY_NUMBER = {row.number: row for row in _TABLE}
_BY_NAME = {row.name: row for row in _TABLE}


def is_ref(number: int) -> bool:
    """Whether a DT_* number is that of a reference type."""
    return number > REF_OFFSET


def base(number: int) -> int:
    """Returns the DT_* number of the value type, of a reference or of itself."""
    return number - REF_OFFSET if is_ref(number) else number


def is_known(number: int) -> bool:
    """Whether types.proto, as known here, has a DT_* number, or that of a reference to it."""
    return base(number) in _BY_NUMBER


def by_number(number: int) -> DType:
    """Returns the row of a DT_* number; a reference has the row of its value type.

    Raises:
        KeyError: types.proto, as known here, has no such number.
    """
    return _BY_NUMBER[base(number)]


def by_name(name: str) -> DType:
    """Returns the row of a name such as "float32".

    Raises:
        KeyError: there is no such name.
    """
    return _BY_NAME[name]


def name_of(number: int) -> str:
    """Returns "float32", "float32_ref", or "dtype 77" for numbers that types.proto does not have."""
    row = _BY_NUMBER.get(base(number))
    if row is None:
        return f"dtype {number}"
    return f"{row.name}_ref" if is_ref(number) else row.name


def from_numpy(dtype: np.dtype) -> DType:
    """Returns the row whose elements a numpy dtype holds; bytes, str and object arrays are strings.

    Raises:
        TypeError: TensorFlow has no such elements.
    """
    if dtype.kind in "SUO":
        return _BY_NAME["string"]
    row = _BY_NAME.get(dtype.name)
    if row is None:
        raise TypeError(f"TensorFlow has no data type for numpy's {dtype}")
    return row
