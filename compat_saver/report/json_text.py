"""Outcomes and values of tensors as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


def to_json(outcome: dict[str, Any]) -> str:
    """Returns strict JSON, indented; what JSON has no number for (NaN, infinities) becomes null."""
    return json.dumps(_strict(outcome), indent=2, allow_nan=False)


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def tensor_dict(name: str, array: npt.NDArray[Any]) -> dict[str, Any]:
    """Returns name, type, shape and nested lists of values; strings as UTF-8, complex numbers as pairs."""
    dtype = "string" if array.dtype == object else array.dtype.name
    return {"name": name, "dtype": dtype, "shape": list(array.shape), "values": _plain(array).tolist()}


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    if array.dtype == object:
        return np.array([item.decode(errors="replace") for item in array.flat], object).reshape(array.shape)
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], axis=-1)
    is_foreign = array.dtype.kind not in "biuf"
    is_integer = array.dtype.name.startswith(("int", "uint"))
    return array.astype(np.int64 if is_integer else np.float64) if is_foreign else array
