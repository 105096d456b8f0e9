"""The values of one tensor for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def tensor_dict(name: str, array: npt.NDArray[Any]) -> dict[str, Any]:
    """Returns name, type, shape and nested lists of values; strings as UTF-8, complex numbers as pairs."""
    dtype = "string" if array.dtype == object else array.dtype.name
    return {"name": name, "dtype": dtype, "shape": list(array.shape), "values": _plain(array).tolist()}


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype == object:
        return np.array([item.decode(errors="replace") for item in array.flat], object).reshape(array.shape)
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], axis=-1)
    is_foreign = array.dtype.kind not in "biuf"
    is_integer = array.dtype.name.startswith(("int", "uint"))
    return array.astype(np.int64 if is_integer else np.float64) if is_foreign else array
