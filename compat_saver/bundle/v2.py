"""Reading V2 checkpoints: whole tensors, partitioned ones, and parts of either."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from compat_saver.bundle import arrays
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.boxes import Box, box_shape, intersect, relative, runs, whole
from compat_saver.bundle.entries import Signature, TensorInfo
from compat_saver.bundle.files import CHUNK, errors_of
from compat_saver.bundle.index_table import IndexTable
from compat_saver.bundle.v2_data import V2Data
from compat_saver.bundle.v2_index import V2Index
from compat_saver.errors import ArtifactError, FormatError


class V2Reader:
    """The tensors of one bundle."""

    version = "V2"

    def __init__(self, prefix: str, table: IndexTable, *, check_tensors: bool) -> None:
        self._index = V2Index(table)
        self._data = V2Data(prefix, self._index, check_tensors=check_tensors)

    @property
    def names(self) -> Mapping[str, object]:
        """The tensors, as keys."""
        return self._index.names

    def __contains__(self, name: str) -> bool:
        return name in self._index

    @property
    def files(self) -> tuple[str, ...]:
        """The index and the data files that it counts."""
        return (self._index.path, *self._data.paths)

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Type and shape of every tensor."""
        return self._index.signatures

    def info(self, name: str) -> TensorInfo:
        """Returns what the index records."""
        return self._index.info(name)

    # ---- values

    def read(self, info: TensorInfo, box: Box) -> Array:
        """Returns a part of a tensor: a view of the file's bytes where one entry holds all of it."""
        if not info.slices:
            return arrays.frozen(self._part(info, box))
        shared = self._shared(info, box)
        if len(shared) == 1 and shared[0][1] == box:
            place, _, piece = shared[0]
            return arrays.frozen(self._part(piece, relative(box, place)))
        dtype = arrays.numpy_dtype(info.dtype, info.name, self._index.path)
        self._refuse_more_than_stored(info, math.prod(box_shape(box)) * dtype.itemsize, shared)
        out = np.empty(box_shape(box), dtype)
        for place, common, piece in shared:
            out[relative(common, box)] = self._part(piece, relative(common, place))
        return arrays.frozen(out)

    def _part(self, entry: TensorInfo, box: Box) -> Array:
        """Returns a part of an entry; of a small part of a large one, only that is in memory."""
        if entry.dtype.itemsize and box_shape(box) != entry.shape:
            self._data.check(entry)  # reads all of it, a piece at a time, where a mapped array would be read at once
        return arrays.part(self._data.array(entry), box)

    def _shared(self, info: TensorInfo, box: Box) -> list[tuple[Box, Box, TensorInfo]]:
        """Returns the pieces that overlap a box: the place of each in the tensor, its part of the box, its entry."""
        return [
            (place, common, piece)
            for place, piece in self._index.pieces(info)
            if (common := intersect(place, box)) is not None
        ]

    def _refuse_more_than_stored(
        self, info: TensorInfo, nbytes: int, shared: list[tuple[Box, Box, TensorInfo]]
    ) -> None:
        """Keeps entries that all point at the same bytes from making an array larger than the files."""
        stored = self._data.bytes_in_files_of(piece for _, _, piece in shared)
        # A string takes 8 bytes in an object array, and at least one in the file.
        if nbytes > (stored if info.dtype.itemsize else 8 * stored):
            raise FormatError(
                f"the slices of {info.name!r} share bytes",
                path=self._index.path,
                expected=f"{nbytes} bytes in the data files",
                found=f"{stored} bytes",
            )

    def stream(self, info: TensorInfo, box: Box) -> Iterator[memoryview]:
        """Yields the values of a part in row-major order as little-endian bytes; memory stays bounded.

        Whether they were intact is certain only when the iterator has ended.
        """
        if not info.slices and box == whole(info.shape):
            yield from self._data.chunks(info)
            return
        # Checked by streaming first; the maps that are read from below would count as memory.
        for _, _, piece in self._shared(info, box):
            self._data.check(piece)
        for run in runs(box, CHUNK // info.dtype.itemsize):
            yield arrays.encode(self.read(info, run))
            self._data.release()

    def stored(self, info: TensorInfo) -> Iterator[memoryview] | None:
        """Returns the bytes of strings or variants, checked, if a current writer would write the same."""
        if info.slices or not self._data.is_current(info):
            return None
        return self._data.stored(info)

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
            yield from errors_of(self._index.pieces if info.slices else self._data.verify, info)
            progress(0 if info.slices else info.nbytes)

    def _add_info(self, name: str, infos: list[TensorInfo]) -> None:
        infos.append(self._index.info(name))
