"""The same tensors in other forms: V1 to V2, other shards, partitions joined; other types, mostly narrower floats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from compat_saver import dtypes
from compat_saver.bundle.arrays import encode
from compat_saver.checkpoints.reading import PathArgument, matching
from compat_saver.checkpoints.values import Flat, Numbers, Slices, Stored
from compat_saver.checkpoints.write_plan import Entry, WriteOptions, WritePlan, Written, copies, write_checkpoint
from compat_saver.dtypes import DType
from compat_saver.errors import UsageError
from compat_saver.sources import open_checkpoint

if TYPE_CHECKING:
    from typing_extensions import Unpack


def convert(
    source: PathArgument, output: PathArgument, *, join: bool = False, **options: Unpack[WriteOptions]
) -> Written:
    """Writes a checkpoint of any format as V2.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        join: whether partitioned tensors are stored in one piece; they stay partitioned by default.
        **options: as WriteOptions has them.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    with open_checkpoint(source) as checkpoint:
        return write_checkpoint(WritePlan(tuple(copies(checkpoint, join=join))), output, **options)


def cast(
    source: PathArgument,
    output: PathArgument,
    types: Mapping[str, str],
    *,
    only: Sequence[str] = (),
    **options: Unpack[WriteOptions],
) -> Written:
    """Writes a checkpoint in which tensors of some types have others.

    Floats are rounded to nearest. A value that the new type cannot hold is an error: no finite number becomes infinite
    and no integer another.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        types: old type -> new type, such as {"float64": "float32"}.
        only: shell patterns of the tensors that may be cast; all by default.
        **options: as WriteOptions has them.

    Raises:
        UsageError: unknown types, types of different kinds, a pattern that matches nothing, nothing to cast, or a
            value that does not fit.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    wanted = dict(_parse_pair(*pair) for pair in types.items())
    with open_checkpoint(source) as checkpoint:
        chosen = matching(checkpoint, only) if only else checkpoint.keys()
        entries = [_cast_entry(entry, wanted) if entry.name in chosen else entry for entry in copies(checkpoint)]
        if not any(entry.change for entry in entries):
            raise UsageError(f"{checkpoint.prefix}: no tensor to cast is of {' or '.join(types)}")
        return write_checkpoint(WritePlan(tuple(entries)), output, **options)


def _parse_pair(old: str, new: str) -> tuple[DType, DType]:
    try:
        before, after = dtypes.by_name(old), dtypes.by_name(new)
    except KeyError as error:
        raise UsageError(
            f"there is no type {error}; types are named as in TensorFlow: float32, bfloat16, ..."
        ) from None
    if _kind(before) != _kind(after) or not _kind(before):
        raise UsageError(f"{old} cannot become {new}: numbers stay floating, complex or integers")
    return before, after


def _kind(dtype: DType) -> str:
    kinds = (("float", dtype.is_floating), ("complex", dtype.is_complex), ("integer", dtype.is_integer))
    return next((kind for kind, holds in kinds if holds), "")


def _cast_entry(entry: Entry, wanted: Mapping[DType, DType]) -> Entry:
    stored, target = entry.values, wanted.get(entry.values.dtype)
    if target is None or not isinstance(stored, Stored):
        return entry

    def compute(slices: Slices) -> Iterator[memoryview]:
        for piece in stored.pieces(slices):
            yield encode(_converted(piece, target, entry.name))

    values = Numbers(target, stored.shape, compute, stored.info.slices)
    return Entry(entry.name, values, f"was {stored.dtype.name}")


def _converted(piece: Flat, target: DType, name: str) -> Flat:
    with np.errstate(over="ignore", invalid="ignore"):
        if target.is_floating and piece.dtype.itemsize > 4 and target.itemsize == 1:
            piece = piece.astype(np.float32)  # ml_dtypes has no way from 64 bits to 8
        found = piece.astype(target.numpy)
    lost = _lost(piece, found)
    if lost.any():
        raise UsageError(f"{name!r} holds values that {target.name} cannot, such as {piece[lost][0]}")
    return found


def _lost(before: Flat, after: Flat) -> Flat:
    if before.dtype.kind in "iu" or after.dtype.kind in "iu" or before.dtype.name.startswith(("int", "uint")):
        # An integer of 64 bits with the other sign has the same bits: it comes back, but changed its sign.
        lost: Flat = (after.astype(before.dtype) != before) | ((after < 0) != (before < 0))
    else:
        lost = np.isfinite(before) & ~np.isfinite(after)
    return lost
