"""Writing V2 checkpoints that TensorFlow reads."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

import numpy as np
import numpy.typing as npt

from compat_saver import dtypes
from compat_saver.bundle import arrays, boxes, checksum, strings
from compat_saver.bundle.checkpoint import Checkpoint
from compat_saver.bundle.entries import (
    MAX_SHARDS,
    Header,
    TensorInfo,
    encode_entry,
    encode_header,
)
from compat_saver.bundle.files import CHUNK
from compat_saver.bundle.index_table import IndexTableWriter
from compat_saver.bundle.publication import Publication
from compat_saver.bundle.slices import SliceSpec
from compat_saver.bundle.v2_data import data_path
from compat_saver.bundle.v2_index import index_path
from compat_saver.dtypes import DType
from compat_saver.errors import UsageError
from compat_saver.proto.tensors import as_bytes

_PADDING = bytes(16)


class BundleWriter:
    """Writes one bundle; use it in a `with` statement.

    Nothing appears under the bundle's names before the block has ended without an exception; then the data files do,
    and the index last. Values go to the files as they are added: memory does not grow with them. With several shards,
    each tensor goes to the smallest so far.

    Args:
        prefix: what the file names start with; missing folders are made.
        shards: how many data files to write.
        overwrite: whether a bundle of that prefix may be replaced.
        progress: called with the number of bytes that were written since the last call.
    """

    def __init__(
        self,
        prefix: str | os.PathLike[str],
        shards: int = 1,
        *,
        overwrite: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        if not 1 <= shards < MAX_SHARDS:
            raise UsageError(f"expected 1 to {MAX_SHARDS - 1} shards, got {shards}")
        self.prefix = os.fspath(prefix)
        self._overwrite = overwrite
        self._progress = progress or (lambda count: None)
        self._sizes = [0] * shards
        self._entries: dict[bytes, TensorInfo] = {}
        self._publication: Publication | None = None

    # ---- the life of a bundle

    def __enter__(self) -> BundleWriter:
        count = len(self._sizes)
        paths = [data_path(self.prefix, shard, count) for shard in range(count)]
        self._publication = Publication([*paths, index_path(self.prefix)], overwrite=self._overwrite)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        publication = self._writing()
        self._publication = None
        if kind is not None:
            publication.abandon()
            return
        try:
            self._check_partitions()
            table = IndexTableWriter(publication.files[-1])
            table.add(b"", encode_header(Header(shards=len(self._sizes))))
            for key in sorted(self._entries):
                table.add(key, encode_entry(self._entries[key]))
            table.finish()
        except BaseException:
            publication.abandon()
            raise
        publication.publish()
        if self._overwrite:
            self._remove_other_shards()

    def _remove_other_shards(self) -> None:
        """Removes the data files of a replaced bundle that had another number of them."""
        for path in glob.glob(f"{glob.escape(self.prefix)}.data-[0-9][0-9][0-9][0-9][0-9]-of-*"):
            if not path.endswith(f"-of-{len(self._sizes):05d}"):
                os.unlink(path)

    def _writing(self) -> Publication:
        if self._publication is None:
            raise UsageError(f"{self.prefix}: a BundleWriter writes inside its `with` statement only")
        return self._publication

    def _check_partitions(self) -> None:
        for info in self._entries.values():
            parts = [spec.box(info.shape) for spec in info.slices]
            problem = boxes.tiling_problem(parts, info.shape) if parts else None
            if problem is not None:
                raise UsageError(f"the slices of {info.name!r} do not cover it exactly: {problem}")

    # ---- arrays

    def add(self, name: str, array: npt.ArrayLike, dtype: DType | None = None) -> None:
        """Adds a tensor.

        Args:
            name: its name.
            array: its values; objects must be bytes or str, which become strings.
            dtype: its type where numpy's is ambiguous: the quantized types look like integers.

        Raises:
            UsageError: the name is taken.
            TypeError: TensorFlow has no type for the values.
        """
        self._add(_key(name), name, array, dtype)

    def add_slice(
        self,
        name: str,
        full_shape: Sequence[int],
        spec: SliceSpec,
        array: npt.ArrayLike,
        dtype: DType | None = None,
    ) -> None:
        """Adds a part of a tensor; by the end of the block its parts must cover it exactly.

        Raises:
            UsageError: the part was added already, does not fit the tensor, or contradicts other parts.
            TypeError: TensorFlow has no type for the values.
        """
        source, shape = np.asarray(array), tuple(full_shape)
        box = spec.box(shape)
        if boxes.box_shape(box) != source.shape:
            raise UsageError(f"slice {spec} of {name!r} has shape {boxes.box_shape(box)}, not {source.shape}")
        if box == boxes.whole(shape):
            self.add(name, source, dtype)
            return
        part_of = self._partition(name, shape, dtype or dtypes.from_numpy(source.dtype))
        self._add(spec.key(name), name, source, dtype)
        self._entries[_key(name)] = dataclasses.replace(part_of, slices=(*part_of.slices, spec))

    def _partition(self, name: str, shape: tuple[int, ...], dtype: DType) -> TensorInfo:
        """Returns the entry of the tensor that a slice is to be part of, new or as it is so far."""
        info = self._entries.get(_key(name)) or TensorInfo(name, dtype, shape, 0)
        taken = _key(name) in self._entries and not info.slices
        if taken or (info.dtype, info.shape) != (dtype, shape):
            raise UsageError(
                f"{name!r} was added as {info.dtype.name} of shape {info.shape}"
                f"{' in one piece' if taken else ''}; this slice is of {dtype.name} and shape {shape}"
            )
        return info

    def _add(self, key: bytes, name: str, array: npt.ArrayLike, dtype: DType | None) -> None:
        source = np.asarray(array)
        dtype = dtype or dtypes.from_numpy(source.dtype)
        info = TensorInfo(name, dtype, source.shape, 0)
        if dtype.name == "string":
            data, crc = strings.encode([as_bytes(element) for element in source.reshape(-1).tolist()])
            self._write(key, info, [data], crc)
        else:
            values = arrays.encode(source.astype(dtype.numpy, copy=False))
            chunks = (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
            self._write(key, info, chunks)

    def add_stream(
        self,
        name: str,
        dtype: DType,
        shape: Sequence[int],
        chunks: Iterable[bytes | memoryview],
        part: SliceSpec | None = None,
    ) -> None:
        """Adds numbers that come piece by piece, as files have them: row-major and little-endian.

        Args:
            name: the tensor.
            dtype: its type.
            shape: its full shape.
            chunks: the bytes; each piece is used before the next is requested.
            part: the part of the tensor that they are, as for `add_slice`; all of it by default.

        Raises:
            UsageError: the name or the part is taken, elements have no fixed width, or there are too few or too many.
        """
        full = tuple(shape)
        box = boxes.whole(full) if part is None else part.box(full)
        piece = TensorInfo(name, dtype, boxes.box_shape(box), 0)
        if part is None or box == boxes.whole(full):
            key = _key(name)
            self._write(key, piece, chunks)
        else:
            key, part_of = part.key(name), self._partition(name, full, dtype)
            self._write(key, piece, chunks)
            self._entries[_key(name)] = dataclasses.replace(part_of, slices=(*part_of.slices, part))
        expected = piece.size * dtype.itemsize
        if not dtype.itemsize or self._entries[key].nbytes != expected:
            raise UsageError(
                f"{name!r} of {dtype.name} and shape {piece.shape} takes {expected} bytes, "
                f"got {self._entries[key].nbytes}"
            )

    # ---- from file to file

    def copy(
        self,
        new_name: str,
        checkpoint: Checkpoint,
        name: str,
        *,
        slices: tuple[slice, ...] = (),
        keep_slices: bool = False,
    ) -> None:
        """Adds a tensor of another checkpoint, a few MB at a time; its checksum is checked on the way.

        V1 stores numbers in another form and strings need taking apart, so these two pass through memory as arrays.

        Args:
            new_name: the name it gets.
            checkpoint: where it comes from.
            name: its name there.
            slices: the part to take, as `Checkpoint.read_slice` has it; all of it by default.
            keep_slices: whether a partitioned tensor stays partitioned; it is joined by default.

        Raises:
            TensorNotFoundError: there is no such tensor.
            UsageError: the new name is taken, the slices do not fit, or part of a tensor should stay partitioned.
            ArtifactError: the other checkpoint is damaged.
        """
        info = checkpoint.info(name)
        if keep_slices and slices:
            raise UsageError("slices and keep_slices exclude each other")
        if keep_slices and info.slices:
            for spec in info.slices:
                self._copy_slice(new_name, checkpoint, info, spec)
            return
        box = boxes.normalize(slices, info.shape)
        target = dataclasses.replace(info, name=new_name, shape=boxes.box_shape(box), slices=())
        if info.dtype.itemsize:
            self._write(_key(new_name), target, checkpoint.stream(name, slices))
            return
        stored = checkpoint.stored(name) if box == boxes.whole(info.shape) else None
        if stored is not None:
            self._write(_key(new_name), target, stored, checksum.unmask(info.crc32c or 0))
        else:
            self.add(new_name, checkpoint.read_slice(name, slices), info.dtype)

    def _copy_slice(self, new_name: str, checkpoint: Checkpoint, info: TensorInfo, spec: SliceSpec) -> None:
        box = spec.box(info.shape)
        if info.dtype.itemsize:
            self.add_stream(new_name, info.dtype, info.shape, checkpoint.stream(info.name, box), spec)
        else:
            self.add_slice(new_name, info.shape, spec, checkpoint.read_slice(info.name, box), info.dtype)

    # ---- bytes

    def _write(
        self, key: bytes, info: TensorInfo, chunks: Iterable[bytes | memoryview], crc: int | None = None
    ) -> None:
        """Writes the bytes of one entry; their checksum is `crc` where it is not simply that of the bytes."""
        publication = self._writing()
        if key in self._entries:
            raise UsageError(f"{info.name!r} was added already")
        shard = self._sizes.index(min(self._sizes))
        # Aligned to its elements, so that a mapped array can be used like any other.
        padding = -self._sizes[shard] % max(1, info.dtype.itemsize)
        out = publication.files[shard]
        out.write(_PADDING[:padding])
        self._sizes[shard] += padding
        offset, running = self._sizes[shard], 0
        for chunk in chunks:
            running = checksum.crc32c(chunk, running)
            out.write(chunk)
            self._sizes[shard] += len(chunk)
            self._progress(len(chunk))
        self._entries[key] = dataclasses.replace(
            info,
            nbytes=self._sizes[shard] - offset,
            shard=shard,
            offset=offset,
            crc32c=checksum.mask(running if crc is None else crc),
        )


def _key(name: str) -> bytes:
    if not name:
        raise UsageError("a tensor needs a name; the empty key holds the header")
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError(f"{name!r} cannot be the name of a tensor: {error.reason}") from None
