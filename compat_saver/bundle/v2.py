"""Reading the values of a V2 checkpoint: mapped where somebody keeps them, streamed where they pass through."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from compat_saver.bundle import arrays, checksum, strings, variants
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.boxes import Box, box_shape, intersect, relative, runs, whole
from compat_saver.bundle.damage import errors_of
from compat_saver.bundle.entries import Signature, TensorInfo
from compat_saver.bundle.files import CHUNK, DataFile
from compat_saver.bundle.table import Table
from compat_saver.bundle.v2_index import V2Index
from compat_saver.errors import ArtifactError, FormatError

_Shared = tuple[Box, Box, TensorInfo]
"""Where a piece lies in its tensor, the part of it that is asked for, and the piece."""


def index_path(prefix: str) -> str:
    """Returns the name of the index."""
    return f"{prefix}.index"


def data_path(prefix: str, shard: int, shards: int) -> str:
    """Returns the name of a data file."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


class V2Reader:
    """The tensors of one bundle.

    A tensor's checksum is checked when its bytes are first used; slices of it are then free.
    """

    version = "V2"

    def __init__(self, prefix: str, table: Table, *, check_tensors: bool) -> None:
        self._prefix = prefix
        self._index = V2Index(table)
        self._check_tensors = check_tensors
        self._files: dict[int, DataFile] = {}
        self._checked: set[str] = set()

    @property
    def names(self) -> Mapping[str, object]:
        """The tensors, as keys."""
        return self._index.names

    @property
    def files(self) -> tuple[str, ...]:
        """The index and the data files that it counts."""
        shards = self._index.header.shards
        return (self._index.path, *(data_path(self._prefix, n, shards) for n in range(shards)))

    def signature(self, name: str) -> Signature:
        """Returns type and shape alone."""
        return self._index.signature(name)

    def info(self, name: str) -> TensorInfo:
        """Returns what the index says."""
        return self._index.info(name)

    # ---- arrays

    def read(self, info: TensorInfo, box: Box) -> Array:
        """Returns a part of a tensor: a view of the file's bytes where one stored piece holds all of it."""
        shared: list[_Shared] = []
        for place, piece in self._index.pieces(info):
            common = intersect(place, box)
            if common == box or not info.slices:
                return arrays.frozen(arrays.part(self._piece(piece), relative(box, place)))
            if common is not None:
                shared.append((place, common, piece))
        dtype = arrays.numpy_dtype(info.dtype, info.name, self._index.path)
        self._refuse_more_than_stored(info, math.prod(box_shape(box)) * dtype.itemsize, shared)
        out = np.empty(box_shape(box), dtype)
        for place, common, piece in shared:
            out[relative(common, box)] = arrays.part(self._piece(piece), relative(common, place))
        return arrays.frozen(out)

    def _piece(self, info: TensorInfo) -> Array:
        """Returns the values that one entry points at."""
        file, offset = self._locate(info)
        order = self._index.header.byte_order
        data = file.view(offset, info.nbytes, f"tensor {info.name!r}")
        dtype = arrays.numpy_dtype(info.dtype, info.name, file.path)
        if info.dtype.name == "string":
            found = strings.decode(data, info.size, byte_order=order, path=file.path, base=offset)
            self._check(info, found.crc)
            array: Array = found.elements()
        else:
            if self._check_tensors and info.name not in self._checked:
                self._check(info, checksum.crc32c(data))
            array = arrays.decode(data, dtype, info.size, order)
        return arrays.shaped(array, info.shape, info.name, file.path)

    def _locate(self, info: TensorInfo) -> tuple[DataFile, int]:
        shards = self._index.header.shards
        shard, offset = info.shard, info.offset
        if shard is None or offset is None or not 0 <= shard < shards:
            raise FormatError(
                f"the entry of {info.name!r} names no data file",
                path=self._index.path,
                expected=f"one of {shards} (counted from 0)",
                found=str(shard),
            )
        if shard not in self._files:
            self._files[shard] = DataFile(data_path(self._prefix, shard, shards))
        return self._files[shard], offset

    def _check(self, info: TensorInfo, crc: int) -> None:
        if self._check_tensors and info.crc32c is not None:
            file, offset = self._locate(info)
            what = f"tensor {info.name!r} ({info.nbytes} bytes)"
            checksum.check(what, info.crc32c, crc, path=file.path, offset=offset)
        self._checked.add(info.name)

    def _refuse_more_than_stored(self, info: TensorInfo, nbytes: int, pieces: Iterable[_Shared]) -> None:
        """Keeps entries that all point at the same bytes from making an array larger than the files."""
        files = {file.path: file for file, _ in (self._locate(piece) for _, _, piece in pieces)}
        stored = sum(file.size for file in files.values())
        # An object array has 8 bytes for every element, which takes one byte or more in the file.
        if nbytes > (stored if info.dtype.itemsize else 8 * stored):
            raise FormatError(
                f"the slices of {info.name!r} share bytes",
                path=self._index.path,
                expected=f"{nbytes} bytes in the data files",
                found=f"{stored} bytes",
            )

    # ---- streams

    def stream(self, info: TensorInfo, box: Box) -> Iterator[memoryview]:
        """Yields the values of a part in row-major order as little-endian bytes; memory stays bounded.

        What was yielded may be used only once the iterator has ended: the checksum comes last.
        """
        if box == whole(info.shape) and not info.slices:
            for chunk in self._checked_chunks(info):
                yield chunk if self._is_little_endian else arrays.swapped(chunk, info.dtype.numpy)
            return
        pieces = [piece for place, piece in self._index.pieces(info) if intersect(place, box)]
        for piece in pieces:
            self._check_streaming(piece)
        for run in runs(box, CHUNK // info.dtype.itemsize):
            yield arrays.encode(self.read(info, run))
            for file in self._files.values():
                file.release()

    def _checked_chunks(self, info: TensorInfo) -> Iterator[memoryview]:
        crc = 0
        for chunk in self._stored(info):
            crc = checksum.crc32c(chunk, crc)
            yield chunk
        self._check(info, crc)

    def _stored(self, info: TensorInfo) -> Iterator[memoryview]:
        """Yields the bytes of one entry as they lie in the file, unchecked."""
        file, offset = self._locate(info)
        yield from file.chunks(offset, info.nbytes, f"tensor {info.name!r}")

    def stored(self, info: TensorInfo) -> Iterator[memoryview] | None:
        """Returns the bytes of strings or variants if a writer of today would write the same; they were checked."""
        if info.slices or not self._is_little_endian or not self._check_streaming(info):
            return None
        return self._stored(info)

    @property
    def _is_little_endian(self) -> bool:
        return self._index.header.byte_order == "<"

    def _check_streaming(self, info: TensorInfo) -> bool:
        """Checks one entry without keeping its bytes; returns whether their form is the current one."""
        if info.dtype.itemsize:
            if self._check_tensors and info.name not in self._checked:
                for _ in self._checked_chunks(info):
                    pass
            return True
        file, offset = self._locate(info)
        data = file.view(offset, info.nbytes, f"tensor {info.name!r}")
        if info.dtype.name == "string":
            order = self._index.header.byte_order
            found = strings.decode(data, info.size, byte_order=order, path=file.path, base=offset)
            self._check(info, found.crc)
            return found.current
        self._check(info, variants.crc(data, info.size, path=file.path, base=offset))
        return True

    # ---- verification

    def damage(self, progress: Callable[[int], None]) -> Iterator[ArtifactError]:
        """Checks every byte that anything points at and yields what is wrong, file by file in order."""
        try:
            names = list(self._index.all_names)
        except ArtifactError as error:
            yield error
            return
        yield from errors_of(self._index.verify, progress)
        infos: list[TensorInfo] = []
        for name in names:
            yield from errors_of(self._add_info, name, infos)
        for info in sorted(infos, key=lambda info: (info.shard or 0, info.offset or 0)):
            yield from errors_of(self._index.pieces if info.slices else self._check_streaming, info)
            progress(0 if info.slices else info.nbytes)

    def _add_info(self, name: str, infos: list[TensorInfo]) -> None:
        infos.append(self._index.info(name))
