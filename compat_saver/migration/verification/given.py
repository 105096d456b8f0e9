"""Reads the inputs of a verification from a file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import UsageError, nearest_names
from compat_saver.migration.verification.samples import Feeds
from compat_saver.model.signature import Signature, Tensor, full_name


def read_feeds(path: Path, signatures: tuple[Signature, ...]) -> dict[str, list[Feeds]]:
    """Reads inputs from an .npz file: signature name -> one batch.

    Arrays are named by the signature's key or by the tensor, with or without `:0`.

    Raises:
        UsageError: the file is not there or not an .npz file, or an input is missing in it or does not fit.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; it should hold the inputs to verify with (numpy.savez).")
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is no .npz file. Make one with numpy.savez: an array per input.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read as an .npz file of arrays: {error}") from None
    return {item.name: [_select(path, arrays, item)] for item in signatures}


def _select(path: Path, arrays: Mapping[str, np.ndarray], signature: Signature) -> Feeds:
    by_tensor = {full_name(name): array for name, array in arrays.items()}
    feeds = {}
    for key, tensor in signature.inputs.items():
        array = arrays.get(key, by_tensor.get(tensor.name))
        if array is None:
            hint = nearest_names(key, arrays)
            raise UsageError(
                f"{path} has no array {key!r} or {tensor.name!r} for an input of {signature.name!r}{hint}."
            )
        feeds[key] = _fitting(path, key, array, tensor)
    return feeds


def _fitting(path: Path, key: str, array: np.ndarray, tensor: Tensor) -> np.ndarray:
    row = dtypes.by_number(tensor.dtype)
    if row.name == "string" and array.dtype.kind in "US":
        return np.char.encode(array, "utf-8").astype(object) if array.dtype.kind == "U" else array.astype(object)
    # Narrower is fine, another kind is not: a fraction must not become an integer unseen.
    is_number = row.is_floating and array.dtype.kind in "iuf"  # numpy's rules do not know bfloat16 and its like
    fits = is_number or (row.name != "string" and np.can_cast(array.dtype, row.numpy, "same_kind"))
    if not fits:
        raise UsageError(f"{path}: {key!r} has dtype {array.dtype}, expected {row.name}.")
    return array.astype(row.numpy)
