"""One checkpoint made of several: their tensors together, or the mean of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from compat_saver.bundle import Checkpoint
from compat_saver.bundle.arrays import encode
from compat_saver.checkpoints.reading import MOST_SHOWN, PathArgument, open_sources
from compat_saver.checkpoints.values import Numbers, Slices, Stored, together
from compat_saver.checkpoints.write_plan import Entry, WriteOptions, WritePlan, Written, copies, write_checkpoint
from compat_saver.errors import UsageError, and_more

if TYPE_CHECKING:
    from typing_extensions import Unpack


def merge(
    sources: Sequence[PathArgument],
    output: PathArgument,
    *,
    prefer: str | None = None,
    **options: Unpack[WriteOptions],
) -> Written:
    """Writes the tensors of several checkpoints into one.

    Args:
        sources: a prefix, any file of a checkpoint, or a directory, for each.
        output: the prefix to write.
        prefer: which checkpoint wins where several hold a tensor: "first" or "last"; None makes that an error.
        **options: as WriteOptions has them.

    Raises:
        UsageError: fewer than two checkpoints, or a tensor in several of them.
        ArtifactError: there is no checkpoint, or one is damaged.
        OutputExistsError: the output is already there.
    """
    if prefer not in (None, "first", "last"):
        raise UsageError(f"expected 'first' or 'last', got {prefer!r}")
    checkpoints = open_sources(sources)
    found: dict[str, Entry] = {}
    conflicts: set[str] = set()
    for checkpoint in checkpoints:
        for entry in copies(checkpoint):
            if entry.name in found:
                conflicts.add(entry.name)
            if entry.name not in found or prefer == "last":
                found[entry.name] = Entry(entry.name, entry.values, f"from {checkpoint.prefix}")
    if conflicts and prefer is None:
        raise UsageError(
            f"Several checkpoints hold {and_more(sorted(conflicts), MOST_SHOWN)}. Choose which one wins with --prefer, "
            "or rename or drop them first."
        )
    return write_checkpoint(WritePlan(tuple(found[name] for name in sorted(found))), output, **options)


def average(sources: Sequence[PathArgument], output: PathArgument, **options: Unpack[WriteOptions]) -> Written:
    """Writes the mean of several checkpoints of one model.

    Floating and complex numbers are averaged in 64 bits and rounded once. Everything else (steps, vocabularies) is that
    of the last checkpoint. Memory grows with the number of checkpoints, not with their size.

    Args:
        sources: a prefix, any file of a checkpoint, or a directory, for each.
        output: the prefix to write.
        **options: as WriteOptions has them.

    Raises:
        UsageError: fewer than two checkpoints, or some that do not hold the same names, types and shapes.
        ArtifactError: there is no checkpoint, or one is damaged.
        OutputExistsError: the output is already there.
    """
    checkpoints = open_sources(sources)
    _refuse_other_models(checkpoints)
    entries = [_mean_entry(name, checkpoints) for name in checkpoints[-1]]
    return write_checkpoint(WritePlan(tuple(entries)), output, **options)


def _refuse_other_models(checkpoints: Sequence[Checkpoint]) -> None:
    first, *others = checkpoints
    expected = dict(zip(first, zip(first.dtypes().values(), first.shapes().values(), strict=True), strict=True))
    for other in others:
        found = dict(zip(other, zip(other.dtypes().values(), other.shapes().values(), strict=True), strict=True))
        odd = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
        if odd:
            raise UsageError(
                f"{first.prefix} and {other.prefix} are not of one model: missing, or of another type or shape: "
                f"{and_more(odd, MOST_SHOWN)}"
            )


def _mean_entry(name: str, checkpoints: Sequence[Checkpoint]) -> Entry:
    stored = [Stored(checkpoint, checkpoint.info(name)) for checkpoint in checkpoints]
    last = stored[-1]
    if not (last.dtype.is_floating or last.dtype.is_complex):
        return Entry(name, last)

    def compute(slices: Slices) -> Iterator[memoryview]:
        return _means(stored, slices)

    values = Numbers(last.dtype, last.shape, compute, last.info.slices)
    return Entry(name, values, f"mean of {len(checkpoints)} checkpoints")


def _means(stored: Sequence[Stored], slices: Slices) -> Iterator[memoryview]:
    dtype = stored[0].dtype
    wide = np.complex128 if dtype.is_complex else np.float64
    for pieces in together(*(values.pieces(slices) for values in stored)):
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = [piece.astype(wide) for piece in pieces]
            mean = sum(numbers) / len(numbers)
            if not np.isfinite(mean).all():  # a sum of finite numbers may overflow where their mean does not
                divided = sum(piece / len(numbers) for piece in numbers)
                mean = np.where(np.isfinite(mean), mean, divided)
            yield encode(np.asarray(mean).astype(dtype.numpy))
