"""What differs between two checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver.bundle import Checkpoint, TensorInfo
from compat_saver.checkpoints.keras_reader import open_any
from compat_saver.checkpoints.reading import PathArgument
from compat_saver.checkpoints.values import Flat, Stored, together
from compat_saver.checkpoints.write_plan import Progress
from compat_saver.errors import UsageError

ONLY_IN_A, ONLY_IN_B, SHAPE, DTYPE, VALUES = "only in A", "only in B", "shape", "dtype", "values"


@dataclass(frozen=True)
class TensorDifference:
    """How a tensor differs.

    Attributes:
        name: the tensor.
        kind: "only in A", "only in B", "shape", "dtype" or "values", the first that holds.
        a: type and shape in the first checkpoint, or None.
        b: the same of the second.
        elements: how many elements differ by more than the tolerances; None where they cannot be compared.
        largest: the largest absolute difference; None where there is no number for it (strings, NaN against a number).
    """

    name: str
    kind: str
    a: tuple[str, tuple[int, ...]] | None
    b: tuple[str, tuple[int, ...]] | None
    elements: int | None = None
    largest: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "name": self.name,
            "kind": self.kind,
            "a": _signature_dict(self.a),
            "b": _signature_dict(self.b),
            "elements": self.elements,
            "max_abs_diff": self.largest,
        }


@dataclass(frozen=True)
class Difference:
    """How two checkpoints differ.

    Attributes:
        a: the first.
        b: the second.
        same: how many tensors are the same in both.
        tensors: the others, by name.
    """

    a: str
    b: str
    same: int
    tensors: tuple[TensorDifference, ...]

    def __bool__(self) -> bool:
        return bool(self.tensors)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return {
            "a": self.a,
            "b": self.b,
            "same": self.same,
            "differences": [item.to_dict() for item in self.tensors],
        }


def diff(
    a: PathArgument,
    b: PathArgument,
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
    ignore_dtype: bool = False,
    progress: Progress | None = None,
) -> Difference:
    """Compares two checkpoints: names, shapes, types, values; memory does not grow with them.

    How tensors are stored (V1 or V2, shards, slices) makes no difference. NaN equals NaN. Values are equal if
    |a - b| <= atol + rtol * |b|; without tolerances, if they are the same numbers.

    Args:
        a: a prefix, any file of a checkpoint, or a directory.
        b: the other.
        rtol: relative tolerance.
        atol: absolute tolerance.
        ignore_dtype: compare the values alone where only the types differ, as after a cast.
        progress: called with the bytes since the last call, and how many there will be in all.

    Raises:
        ArtifactError: there is no checkpoint, or one is damaged.
        UsageError: a tolerance that is no finite number.
    """
    if not (np.isfinite(rtol) and np.isfinite(atol)):
        raise UsageError(f"Tolerances must be finite numbers, found rtol {rtol} and atol {atol}.")
    with open_any(os.fspath(a)) as first, open_any(os.fspath(b)) as second:
        report, total = progress or (lambda count, total: None), _bytes_of(first)
        found = []
        for name in sorted({*first, *second}):
            item = _compare(name, first, second, (rtol, atol))
            if item is not None and (item.kind != DTYPE or not ignore_dtype or item.elements != 0):
                found.append(item)
            report(first.info(name).nbytes if name in first else 0, total)
        return Difference(first.prefix, second.prefix, len({*first, *second}) - len(found), tuple(found))


def _bytes_of(checkpoint: Checkpoint) -> int:
    return sum(checkpoint.info(name).nbytes for name in checkpoint)


def _compare(name: str, a: Checkpoint, b: Checkpoint, tolerances: tuple[float, float]) -> TensorDifference | None:
    """Cases: in one of them only; another shape; another type, with values compared where they are numbers; values."""
    if name not in b:
        return TensorDifference(name, ONLY_IN_A, _signature(a.info(name)), None)
    if name not in a:
        return TensorDifference(name, ONLY_IN_B, None, _signature(b.info(name)))
    left, right = Stored(a, a.info(name)), Stored(b, b.info(name))
    signatures = _signature(left.info), _signature(right.info)
    if left.shape != right.shape:
        return TensorDifference(name, SHAPE, *signatures)
    kind = VALUES if left.dtype == right.dtype else DTYPE
    if left.dtype.itemsize and right.dtype.itemsize:
        elements, largest = _numbers(left, right, tolerances)
    elif kind == DTYPE:
        return TensorDifference(name, DTYPE, *signatures)
    else:
        elements, largest = _opaque(left, right)
    return TensorDifference(name, kind, *signatures, elements, largest) if elements or kind == DTYPE else None


def _opaque(a: Stored, b: Stored) -> tuple[int, None]:
    """Compares strings element by element, and variants, which are not decoded, by their bytes."""
    if a.dtype.name == "string":
        pairs = zip(a.strings().flat, b.strings().flat, strict=True)
        return sum(x != y for x, y in pairs), None
    return int(_stored_bytes(a) != _stored_bytes(b)), None


def _stored_bytes(values: Stored) -> bytes:
    stored: Iterator[memoryview] = values.checkpoint.stored(values.info.name) or iter(())
    return b"".join(map(bytes, stored))


def _numbers(a: Stored, b: Stored, tolerances: tuple[float, float]) -> tuple[int, float | None]:
    """Returns how many elements differ, and the largest difference: 0 if there is none, None if it is no number."""
    elements, largest, is_number = 0, 0.0, True
    for left, right in together(a.pieces(), b.pieces()):
        if left.dtype == right.dtype and np.array_equal(left.view(np.uint8), right.view(np.uint8)):
            continue
        differs, distance = _distances(left, right, tolerances)
        elements += int(differs.sum())
        finite = np.isfinite(distance)
        is_number &= not (differs & ~finite).any()
        largest = max(largest, float(distance[finite].max(initial=0)))
    return elements, largest if is_number else None


def _distances(a: Flat, b: Flat, tolerances: tuple[float, float]) -> tuple[Flat, Flat]:
    """Returns which elements differ, and by how much."""
    rtol, atol = tolerances
    x, y = _wide(a), _wide(b)
    if x.dtype.kind in "iu" and x.dtype == y.dtype:
        # Differences of 64-bit integers do not fit into their type, but modulo 2**64 they are right.
        distance = np.maximum(x, y).view(np.uint64) - np.minimum(x, y).view(np.uint64)
        allowed = atol + rtol * np.abs(y.astype(np.float64)) if rtol or atol else 0
        return distance > allowed, distance
    with np.errstate(invalid="ignore", over="ignore"):
        x, y = (item if item.dtype.kind in "fc" else item.astype(np.float64) for item in (x, y))
        distance = np.abs(x - y)
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        allowed = atol + rtol * np.abs(y)
        close = np.isfinite(distance) & np.isfinite(y) & (distance <= allowed)
        return ~(same | close), np.where(same, 0.0, distance)


def _wide(piece: Flat) -> Flat:
    """Returns numbers as int64, uint64, float64 or complex128."""
    if piece.dtype.kind == "c":
        return piece.astype(np.complex128)
    if piece.dtype == np.uint64:
        return piece
    is_integer = piece.dtype.kind in "iub" or piece.dtype.name.startswith(("int", "uint"))
    return piece.astype(np.int64 if is_integer else np.float64)


def _signature(info: TensorInfo) -> tuple[str, tuple[int, ...]]:
    return info.dtype.name, info.shape


def _signature_dict(signature: tuple[str, tuple[int, ...]] | None) -> dict[str, Any] | None:
    return None if signature is None else {"dtype": signature[0], "shape": list(signature[1])}
