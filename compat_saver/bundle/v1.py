"""Reading V1 checkpoints: tables in which the values themselves are the entries.

The empty key of every shard holds SavedTensorSlices.meta: names, types, shapes and which slices this shard has. Every
slice (a tensor saved whole is one slice, too) is stored under its own key as SavedTensorSlices.data.

Protobuf makes a Python object of every number, which takes ten times the memory of the tensor. Floating and complex
numbers are packed: the file has them as an array has them, so they are taken from the bytes without parsing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from compat_saver.bundle import arrays, entries
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.boxes import Box, box_shape, intersect, relative, runs, tiling_problem
from compat_saver.bundle.entries import Signature, TensorInfo
from compat_saver.bundle.files import CHUNK, Buffer, errors_of
from compat_saver.bundle.index_table import IndexTable
from compat_saver.bundle.slices import SliceSpec
from compat_saver.dtypes import DType
from compat_saver.errors import ArtifactError, FormatError
from compat_saver.proto import tensors
from compat_saver.proto.messages import Message, SavedTensorSlices
from compat_saver.proto.wire import LENGTH, Field, WireError, fields


@dataclasses.dataclass
class _Tensor:
    """What the shards together record of a tensor."""

    dtype: DType
    shape: tuple[int, ...]
    slices: dict[SliceSpec, IndexTable]


class V1Reader:
    """The tensors of one V1 checkpoint.

    Nothing but the blocks has a checksum in V1; those are always checked.
    """

    version = "V1"

    def __init__(self, shards: Sequence[IndexTable]) -> None:
        self._shards = shards
        self._path = shards[0].file.path

    @property
    def files(self) -> tuple[str, ...]:
        """The shards."""
        return tuple(table.file.path for table in self._shards)

    # ---- the metadata

    @functools.cached_property
    def names(self) -> Mapping[str, _Tensor]:
        """The tensors of all shards, sorted by name."""
        found: dict[str, _Tensor] = {}
        for table in self._shards:
            for message in _read_meta(table).tensor:
                self._register(message, table, found)
        return dict(sorted(found.items()))

    def _register(self, message: Message, table: IndexTable, found: dict[str, _Tensor]) -> None:
        path, what = table.file.path, f"the entry of {message.name!r}"
        dtype = entries.decode_dtype(message.type, what, path)
        shape = entries.decode_shape(message.shape, what, path)
        tensor = found.setdefault(message.name, _Tensor(dtype, shape, {}))
        if (tensor.dtype, tensor.shape) != (dtype, shape):
            raise FormatError(
                f"{what} contradicts another",
                path=path,
                expected=f"{tensor.dtype.name} of shape {tensor.shape}",
                found=f"{dtype.name} of shape {shape}",
            )
        for proto in message.slice:
            spec = entries.decode_slice(proto, shape, what, path)
            if spec in tensor.slices:
                raise FormatError(
                    f"{what} repeats a slice", path=path, expected="every slice once", found=f"{spec} twice"
                )
            tensor.slices[spec] = table

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @functools.cached_property
    def signatures(self) -> Mapping[str, Signature]:
        """Type and shape of every tensor."""
        return {name: (tensor.dtype, tensor.shape) for name, tensor in self.names.items()}

    def info(self, name: str) -> TensorInfo:
        """Returns what the shards record; of strings, whose lengths are not recorded, the values are read."""
        tensor = self.names[name]
        slices = tuple(spec for spec in tensor.slices if spec != SliceSpec.full(len(tensor.shape)))
        info = TensorInfo(name, tensor.dtype, tensor.shape, 0, slices)
        nbytes = info.size * tensor.dtype.itemsize
        if tensor.dtype.name == "string":
            nbytes = sum(len(element) for spec in tensor.slices for element in self._values(info, spec).flat)
        whole = None if slices else next(iter(tensor.slices.values()), None)
        shard = self._shards.index(whole) if whole is not None else None
        return dataclasses.replace(info, nbytes=nbytes, shard=shard)

    # ---- the values

    def read(self, info: TensorInfo, box: Box) -> Array:
        """Returns a part of a tensor.

        Raises:
            FormatError: a slice is missing or damaged; slices overlap or leave a hole.
        """
        places = self._places(info)
        shared = [(place, spec, common) for place, spec in places if (common := intersect(place, box)) is not None]
        if len(shared) == 1 and shared[0][2] == box:
            place, spec, _ = shared[0]
            array = arrays.part(self._values(info, spec), relative(box, place))
            # In the file the numbers are at any offset; users get arrays as numpy likes them.
            return arrays.frozen(array if array.flags.aligned else array.copy())
        out = np.empty(box_shape(box), arrays.numpy_dtype(info.dtype, info.name, self._path))
        for place, spec, common in shared:
            out[relative(common, box)] = arrays.part(self._values(info, spec), relative(common, place))
        return arrays.frozen(out)

    def _places(self, info: TensorInfo) -> list[tuple[Box, SliceSpec]]:
        places = [(spec.box(info.shape), spec) for spec in self.names[info.name].slices]
        problem = tiling_problem([place for place, _ in places], info.shape)
        stored = sum(table.file.size for table in self._shards)
        if problem is None and info.size > stored:
            problem = f"{info.size} elements in {stored} bytes"
        if problem is not None:
            raise FormatError(
                f"the slices of {info.name!r} do not cover it exactly",
                path=self._path,
                expected=f"every element of shape {info.shape} in one of {len(places)} slices",
                found=problem,
            )
        return places

    def _values(self, info: TensorInfo, spec: SliceSpec) -> Array:
        """Returns one slice."""
        table = self.names[info.name].slices[spec]
        shape, path = box_shape(spec.box(info.shape)), table.file.path
        value = table.get(spec.key(info.name))
        what = f"slice {str(spec) or '-'} of {info.name!r}"
        if value is None:
            raise FormatError(f"{what} is missing", path=path, expected="an entry under its key", found="none")
        flat = self._flat(value, info, what, path)
        if len(flat) != math.prod(shape):
            raise FormatError(
                f"{what} is incomplete",
                path=path,
                expected=f"{math.prod(shape)} values for shape {shape}",
                found=str(len(flat)),
            )
        return arrays.shaped(flat, shape, info.name, path)

    def _flat(self, value: Buffer, info: TensorInfo, what: str, path: str) -> Array:
        """Returns the numbers of a slice: a view of the file's bytes where they are packed there."""
        data = packed(value, info.dtype)
        if data is not None:
            return np.frombuffer(data, info.dtype.numpy)
        message = entries.parse(SavedTensorSlices, value, what, path)
        return tensors.values(message.data.data, info.dtype, where=path)

    def stream(self, info: TensorInfo, box: Box) -> Iterator[memoryview]:
        """Yields the values of a part in row-major order as little-endian bytes.

        Memory stays bounded for floating and complex numbers; others have to be parsed, all of a slice at once.
        """
        for run in runs(box, CHUNK // info.dtype.itemsize) if is_packed(info.dtype) else (box,):
            data = arrays.encode(self.read(info, run))
            for start in range(0, len(data), CHUNK):
                yield data[start : start + CHUNK]
            for table in self._shards:
                table.trim()

    def stored(self, info: TensorInfo) -> None:
        """Returns None: V1 has nothing that a V2 file could take over as it is."""

    def damage(self, progress: Callable[[int], None]) -> Iterator[ArtifactError]:
        """Reads everything and yields what is wrong, once: all tensors of a damaged block fail in the same way."""
        seen = set()
        for error in self._all_errors(progress):
            if str(error) not in seen:
                seen.add(str(error))
                yield error

    def _all_errors(self, progress: Callable[[int], None]) -> Iterator[ArtifactError]:
        for table in self._shards:
            yield from errors_of(table.verify, progress)
        try:
            names = list(self.names)
        except ArtifactError as error:
            yield error
            return
        for name in names:
            yield from errors_of(self._read_through, name)

    def _read_through(self, name: str) -> None:
        info = self.info(name)
        for _, spec in self._places(info):
            self._values(info, spec)
        for table in self._shards:
            table.trim()


def _read_meta(table: IndexTable) -> Message:
    key, value = table.first() or (None, b"")
    path = table.file.path
    message = entries.parse(SavedTensorSlices, value, "the metadata", path)
    if key != b"" or not message.HasField("meta"):
        raise FormatError(
            "no metadata",
            path=path,
            expected="SavedTensorSlices with a meta field under the empty key",
            found=repr(key),
        )
    entries.check_version(message.meta.versions, path)
    return message.meta


# ---- packed numbers

# SavedTensorSlices.data, SavedSlice.data; then the field of TensorProto.
_PATH = (2, 3)
_PACKED = {"float32": 5, "float64": 6, "complex64": 9, "complex128": 12}


def is_packed(dtype: DType) -> bool:
    """Whether numbers of a type can be packed."""
    return dtype.name in _PACKED


def packed(value: Buffer, dtype: DType) -> Buffer | None:
    """Returns the little-endian bytes of the numbers in a serialized SavedTensorSlices.

    None where they are not simply there: the type is no floating or complex one, a field is repeated (then the message
    as a whole decides), nothing is packed, or the bytes are no message.
    """
    number = _PACKED.get(dtype.name)
    if number is None:
        return None
    start, end = 0, len(value)
    try:
        for step in (*_PATH, number):
            field = _only(value, step, start, end)
            if field is None:
                return None
            start, end = field.start, field.end
    except WireError:
        return None
    return value[start:end] if (end - start) % dtype.itemsize == 0 else None


def _only(value: Buffer, number: int, start: int, end: int) -> Field | None:
    """Returns the one field of that number, None if there is none, several, or one that reaches beyond the end."""
    found = None
    for field in fields(value, start, end):
        if field.end > end or (field.number == number and (found is not None or field.wire_type != LENGTH)):
            return None
        if field.number == number:
            found = field
    return found
