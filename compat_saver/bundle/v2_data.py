"""The data files of a V2 checkpoint: what single entries of the index point at, and whether it is intact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compat_saver.bundle import arrays, checksum, strings
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.entries import TensorInfo
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.v2_index import V2Index
from compat_saver.errors import FormatError


def data_path(prefix: str, shard: int, shards: int) -> str:
    """Returns the name of a data file."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


class V2Data:
    """The data files of one bundle, each opened when something in it is first used.

    The checksum of an entry is checked when its bytes are first used, and then not again. Entries are those of tensors
    saved whole and of slices; a partitioned tensor itself points at nothing.
    """

    def __init__(self, prefix: str, index: V2Index, *, check_tensors: bool) -> None:
        self._prefix = prefix
        self._index = index
        self._check_tensors = check_tensors
        self._files: dict[int, DataFile] = {}
        self._checked: set[str] = set()

    @property
    def paths(self) -> tuple[str, ...]:
        """The data files that the index counts."""
        shards = self._index.header.shards
        return tuple(data_path(self._prefix, shard, shards) for shard in range(shards))

    @property
    def is_native(self) -> bool:
        """Whether numbers are little-endian, as on every common machine."""
        return self._index.header.byte_order == "<"

    def array(self, entry: TensorInfo) -> Array:
        """Returns the values: a view of the mapped file, unless they are strings or big-endian."""
        file, offset = self._locate(entry)
        dtype = arrays.numpy_dtype(entry.dtype, entry.name, file.path)
        if entry.dtype.name == "string":
            found = self._strings(entry)
            if self._is_unchecked(entry):
                self._check(entry, found.crc)
            array: Array = found.elements()
        else:
            data = file.view(offset, entry.nbytes, _name(entry))
            if self._is_unchecked(entry):
                file.expect(offset, entry.nbytes)
                self._check(entry, checksum.crc32c(data))
            array = arrays.decode(data, dtype, entry.size, self._index.header.byte_order)
        return arrays.shaped(array, entry.shape, entry.name, file.path)

    def chunks(self, entry: TensorInfo) -> Iterator[memoryview]:
        """Yields numbers as little-endian bytes; whether they were intact is known when the last was yielded."""
        crc, unchecked = 0, self._is_unchecked(entry)
        for chunk in self.stored(entry):
            crc = checksum.crc32c(chunk, crc) if unchecked else 0
            yield chunk if self.is_native else arrays.swapped(chunk, entry.dtype.numpy)
        if unchecked:
            self._check(entry, crc)

    def stored(self, entry: TensorInfo) -> Iterator[memoryview]:
        """Yields the bytes as they are in the file, unchecked."""
        file, offset = self._locate(entry)
        yield from file.chunks(offset, entry.nbytes, _name(entry))

    def is_current(self, entry: TensorInfo) -> bool:
        """Whether a current writer would store strings or variants in just these bytes; they are checked, too."""
        self.check(entry)
        return self.is_native and (entry.dtype.name != "string" or self._strings(entry).current)

    def check(self, entry: TensorInfo) -> None:
        """Checks an entry that was not checked before, if entries are to be checked at all."""
        if self._is_unchecked(entry):
            self.verify(entry)

    def verify(self, entry: TensorInfo) -> None:
        """Checks an entry in any case, without keeping its bytes.

        Raises:
            ChecksumError: the bytes were altered.
            FormatError: they contradict the index, or are outside of the file.
        """
        if entry.dtype.itemsize:
            crc = 0
            for chunk in self.stored(entry):
                crc = checksum.crc32c(chunk, crc)
        elif entry.dtype.name == "string":
            crc = self._strings(entry).crc
        else:
            file, offset = self._locate(entry)
            data = file.view(offset, entry.nbytes, _name(entry))
            crc = strings.variant_crc(data, entry.size, path=file.path, base=offset)
        self._check(entry, crc)

    def bytes_in_files_of(self, entries: Iterable[TensorInfo]) -> int:
        """Returns how large the files are, together, that some entries point into."""
        files = {file.path: file for file, _ in map(self._locate, entries)}
        return sum(file.size for file in files.values())

    def release(self) -> None:
        """Gives the memory of mapped pages back."""
        for file in self._files.values():
            file.release()

    def _strings(self, entry: TensorInfo) -> strings.StoredStrings:
        file, offset = self._locate(entry)
        data = file.view(offset, entry.nbytes, _name(entry))
        order = self._index.header.byte_order
        return strings.decode(data, entry.size, byte_order=order, path=file.path, base=offset)

    def _locate(self, entry: TensorInfo) -> tuple[DataFile, int]:
        shards = self._index.header.shards
        shard, offset = entry.shard, entry.offset
        if shard is None or offset is None or not 0 <= shard < shards:
            raise FormatError(
                f"the entry of {entry.name!r} names no data file",
                path=self._index.path,
                expected=f"one of {shards}, counted from 0",
                found=str(shard),
            )
        if shard not in self._files:
            self._files[shard] = DataFile(data_path(self._prefix, shard, shards))
        return self._files[shard], offset

    def _is_unchecked(self, entry: TensorInfo) -> bool:
        return self._check_tensors and entry.name not in self._checked

    def _check(self, entry: TensorInfo, crc: int) -> None:
        file, offset = self._locate(entry)
        what = f"{_name(entry)} ({entry.nbytes} bytes)"
        checksum.check(what, entry.crc32c or 0, crc, path=file.path, offset=offset)
        self._checked.add(entry.name)


def _name(entry: TensorInfo) -> str:
    return f"tensor {entry.name!r}"
