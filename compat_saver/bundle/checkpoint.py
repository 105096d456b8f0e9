"""A checkpoint of either format as a mapping from names to arrays, and how it is opened.

Which files belong to it and which format they are in is decided by their bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol

from compat_saver.bundle import boxes
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.boxes import Box
from compat_saver.bundle.entries import Signature, TensorInfo
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import IndexTable
from compat_saver.bundle.v1 import V1Reader
from compat_saver.bundle.v2 import V2Reader
from compat_saver.bundle.v2_index import index_path
from compat_saver.dtypes import DType
from compat_saver.errors import (
    ArtifactError,
    FormatError,
    NotALegacyArtifactError,
    SourceNotFoundError,
    TensorNotFoundError,
    UsageError,
    nearest_names,
)


class Reader(Protocol):
    """What the two formats have in common."""

    version: str

    @property
    def names(self) -> Mapping[str, object]:
        """The tensors, as keys."""

    def __contains__(self, name: str) -> bool: ...

    @property
    def files(self) -> tuple[str, ...]:
        """The paths."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Type and shape of every tensor."""

    def info(self, name: str) -> TensorInfo:
        """What the index records."""

    def read(self, info: TensorInfo, box: Box) -> Array:
        """A part as an array."""

    def stream(self, info: TensorInfo, box: Box) -> Iterator[memoryview]:
        """A part as bytes."""

    def stored(self, info: TensorInfo) -> Iterator[memoryview] | None:
        """Strings or variants as they are stored in the file, None unless in the current form."""

    def damage(self, progress: Callable[[int], None]) -> Iterator[ArtifactError]:
        """What is wrong."""


class Checkpoint(Mapping[str, Array]):
    """The tensors of a checkpoint by name, read when they are accessed.

    Arrays are read-only. Those of V2 files are views of the mapped file where the tensor was saved whole and
    little-endian; they stay valid after `close`. Strings come as arrays of bytes objects.

    Attributes:
        prefix: what the checkpoint was opened by.
        version: "V1" or "V2".
    """

    def __init__(self, prefix: str, reader: Reader) -> None:
        self.prefix = prefix
        self.version = reader.version
        self._open: Reader | None = reader

    @property
    def _reader(self) -> Reader:
        if self._open is None:
            raise UsageError(f"{self.prefix}: the checkpoint is closed")
        return self._open

    def __getitem__(self, name: str) -> Array:
        info = self.info(name)
        return self._reader.read(info, boxes.whole(info.shape))

    def __iter__(self) -> Iterator[str]:
        return iter(self._reader.names)

    def __len__(self) -> int:
        return len(self._reader.names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._reader

    def __repr__(self) -> str:
        return f"<Checkpoint {self.prefix!r} {self.version}>"

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all files, the index first."""
        return self._reader.files

    def info(self, name: str) -> TensorInfo:
        """Returns what the checkpoint records of a tensor, without reading its values.

        Raises:
            TensorNotFoundError: there is no such tensor.
        """
        self._require(name)
        return self._reader.info(name)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every tensor; the fast way to list a checkpoint."""
        return {name: shape for name, (_, shape) in self._reader.signatures.items()}

    def dtypes(self) -> dict[str, DType]:
        """Returns the type of every tensor; the fast way to list a checkpoint."""
        return {name: dtype for name, (dtype, _) in self._reader.signatures.items()}

    def read_slice(self, name: str, slices: tuple[slice, ...]) -> Array:
        """Returns a part of a tensor, of a partitioned one reading only the parts that it touches.

        Args:
            name: the tensor.
            slices: as an array would be indexed, but slices with step 1 only; missing ones take all.

        Raises:
            TensorNotFoundError: there is no such tensor.
            UsageError: the slices do not fit the tensor's rank.
        """
        info = self.info(name)
        return self._reader.read(info, boxes.normalize(slices, info.shape))

    def stream(self, name: str, slices: tuple[slice, ...] = ()) -> Iterator[memoryview]:
        """Yields the values of a tensor as files have them, row-major and little-endian, some MB at a time.

        Every piece is valid until the next is requested. Checksums are complete only when the iterator ends.

        Raises:
            TensorNotFoundError: there is no such tensor.
            UsageError: the slices do not fit, or the elements have no fixed width (strings).
        """
        info = self.info(name)
        if not info.dtype.itemsize:
            raise UsageError(f"tensor {name!r} is of {info.dtype.name} and has no plain bytes")
        return self._reader.stream(info, boxes.normalize(slices, info.shape))

    def stored(self, name: str) -> Iterator[memoryview] | None:
        """Returns the checked bytes of strings or variants as a V2 file can take them over; None if it cannot."""
        return self._reader.stored(self.info(name))

    def verify(self, progress: Callable[[int], None] | None = None) -> None:
        """Checks every checksum and every promise of the index, streaming.

        Args:
            progress: called with the number of bytes that were checked since the last call.

        Raises:
            ArtifactError: the first damage that was found; `damage` finds all.
        """
        for error in self.damage(progress):
            raise error

    def damage(self, progress: Callable[[int], None] | None = None) -> Iterator[ArtifactError]:
        """Yields everything that `verify` would raise."""
        return self._reader.damage(progress or (lambda count: None))

    def _require(self, name: str) -> None:
        if name not in self:
            hint = nearest_names(str(name), self._reader.names)
            raise TensorNotFoundError(f"{self.prefix} holds no tensor {name!r}{hint}")

    def close(self) -> None:
        """Releases the files; arrays that were read stay valid."""
        self._open = None

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


# ---- opening

_SHARD = re.compile(r"(.*)-(\d{5}|\?{5})-of-(\d{5}|\?{5})", re.DOTALL)
_META_TAG = 0x0A
"""The first byte of V1's metadata; a V2 header starts with another field."""


def open_bundle(prefix: str | os.PathLike[str], *, check_tensors: bool = True) -> Checkpoint:
    """Opens a checkpoint of either format.

    Cases, first match wins: PREFIX.index exists (V2, or a V1 file of that name); PREFIX is a file (V1, or the .index
    itself); PREFIX is V1's pattern `X-?????-of-?????` or one of the files it stands for.

    Args:
        prefix: the prefix, file or pattern.
        check_tensors: whether a V2 tensor's checksum is checked when its values are read; blocks always are.

    Raises:
        SourceNotFoundError: there is no such checkpoint, or a V1 shard is missing.
        NotALegacyArtifactError: something else is there.
        FormatError: the file is damaged.
    """
    prefix = os.fspath(prefix)
    index = index_path(prefix)
    if os.path.isfile(index):
        return _open_table(prefix, index, check_tensors)
    shards = _shards(prefix)
    if len(shards) > 1:
        return Checkpoint(prefix, V1Reader([_v1_table(path) for path in shards]))
    if not shards and not os.path.exists(prefix):
        raise SourceNotFoundError(f"{prefix}: no checkpoint is there: neither {index} nor {prefix} exists")
    return _open_table(prefix, shards[0] if shards else prefix, check_tensors)


def _open_table(prefix: str, path: str, check_tensors: bool) -> Checkpoint:
    table = IndexTable(DataFile(path))
    if _is_v1(table):
        return Checkpoint(prefix, V1Reader([table]))
    if not path.endswith(".index"):
        raise NotALegacyArtifactError(
            f"{path}: expected a V1 checkpoint, but it is the index of a V2 checkpoint under another name; "
            "rename it to PREFIX.index, beside its PREFIX.data-* files"
        )
    stem = path.removesuffix(".index")
    return Checkpoint(stem, V2Reader(stem, table, check_tensors=check_tensors))


def _v1_table(path: str) -> IndexTable:
    table = IndexTable(DataFile(path))
    if not _is_v1(table):
        raise FormatError("not a shard of a V1 checkpoint", path=path, expected="V1 metadata", found="a V2 header")
    return table


def _is_v1(table: IndexTable) -> bool:
    first = table.first()
    return first is not None and len(first[1]) > 0 and first[1][0] == _META_TAG


def _shards(prefix: str) -> Sequence[str]:
    """Returns the files that V1's pattern, or one of the names it stands for, leads to; empty for other names.

    Raises:
        SourceNotFoundError: one is missing.
        NotALegacyArtifactError: the pattern fits two sets of files.
    """
    match = _SHARD.fullmatch(prefix)
    if match is None:
        return ()
    stem, _, count = match.groups()
    counts = {count} if count.isdecimal() else _counts(stem)
    if len(counts) > 1:
        raise NotALegacyArtifactError(f"{prefix}: fits checkpoints of {' and '.join(sorted(counts))} shards")
    paths = [f"{stem}-{n:05d}-of-{count}" for count in counts for n in range(int(count))]
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing or not paths:
        raise SourceNotFoundError(f"{prefix}: no such file: {', '.join(missing[:5]) or prefix}")
    return paths


def _counts(stem: str) -> set[str]:
    """Returns the shard counts of the files with that stem."""
    folder, name = os.path.split(stem)
    pattern = re.compile(re.escape(name) + r"-\d{5}-of-(\d{5})")
    try:
        found = os.listdir(folder or ".")
    except OSError:
        return set()
    return {match[1] for entry in found if (match := pattern.fullmatch(entry))}
