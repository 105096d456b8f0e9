"""The index of a V2 checkpoint: which tensors there are, and where the values of each are stored."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping

from compat_saver.bundle import entries
from compat_saver.bundle.boxes import Box, tiling_problem, whole
from compat_saver.bundle.entries import TensorInfo
from compat_saver.bundle.files import Buffer
from compat_saver.bundle.index_table import IndexTable
from compat_saver.bundle.slices import SliceSpec, parse_key
from compat_saver.errors import FormatError

Pieces = list[tuple[Box, TensorInfo]]
"""The stored parts of a tensor, and the place of each in it."""


def index_path(prefix: str) -> str:
    """Returns the name of the index."""
    return f"{prefix}.index"


class V2Index:
    """The entries of one index table, decoded when they are needed."""

    def __init__(self, table: IndexTable) -> None:
        self.table = table
        self.path = table.file.path
        self._signatures = entries.Signatures(self.path)
        self._pieces: dict[str, Pieces] = {}

    @functools.cached_property
    def header(self) -> entries.Header:
        """What holds for the whole bundle."""
        key, value = self.table.first() or (None, b"")
        if key != b"":
            raise FormatError(
                "no bundle header",
                path=self.path,
                expected="the empty key first",
                found="an empty table" if key is None else repr(key),
            )
        return entries.decode_header(value, self.path)

    @functools.cached_property
    def _entries(self) -> dict[str, Buffer]:
        """Every entry, those of slices too; names that are no UTF-8 keep their bytes as surrogates."""
        items = self.table.items()
        next(items, self.header)
        return {str(key, "utf-8", "surrogateescape"): value for key, value in items}

    def find(self, name: str) -> Buffer | None:
        """Returns an entry, None if there is none; decodes one block until all of them were needed."""
        if "_entries" in self.__dict__:
            return self._entries.get(name)
        try:
            key = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return None
        return self.table.get(key) if key and self.header else None

    def __contains__(self, name: str) -> bool:
        # Only names that look like the key of a slice may be hidden.
        return name in self.names if name.startswith("\0") else self.find(name) is not None

    @functools.cached_property
    def names(self) -> Mapping[str, object]:
        """The tensors, in order, as keys; slices of them are left out."""
        hidden = self._slice_keys()
        if not hidden:
            return self._entries
        return {name: None for name in self._entries if name not in hidden}

    @property
    def all_names(self) -> Mapping[str, object]:
        """The tensors and the keys of all slices."""
        return self._entries

    def _slice_keys(self) -> set[str]:
        """Returns the keys under which slices of listed tensors are stored; all of them start with a zero byte."""
        claimed: dict[str, dict[SliceSpec, str]] = {}
        for key in self._entries:
            if key.startswith("\0"):
                try:
                    name, spec = parse_key(key.encode("utf-8", "surrogateescape"))
                except ValueError:
                    continue
                claimed.setdefault(name, {})[spec] = key
        return {
            keys[spec]
            for name, keys in claimed.items()
            if name in self._entries
            for spec in self._decode(name).slices
            if spec in keys
        }

    @functools.cached_property
    def signatures(self) -> Mapping[str, entries.Signature]:
        """Type and shape of every tensor, which is much faster than all the rest of the entries."""
        decode, found = self._signatures.decode, self._entries
        return {name: decode(name, found[name]) for name in self.names}

    def info(self, name: str) -> TensorInfo:
        """Returns all that the index records.

        Raises:
            FormatError: the entry is damaged or contradicts itself.
        """
        info = self._decode(name)
        if info.slices and not info.dtype.itemsize:
            nbytes = sum(piece.nbytes for _, piece in self.pieces(info))
            return dataclasses.replace(info, nbytes=nbytes)
        return info

    def _decode(self, name: str) -> TensorInfo:
        data = self.find(name)
        if data is None:
            raise KeyError(name)
        return entries.decode_entry(name, data, self.path, self._signatures.decode(name, data))

    def pieces(self, info: TensorInfo) -> Pieces:
        """Returns the stored parts of a tensor: itself, or its slices.

        Raises:
            FormatError: a slice is missing or of another type or shape; slices overlap or leave a hole.
        """
        if not info.slices:
            return [(whole(info.shape), info)]
        if info.name not in self._pieces:
            pieces = [(spec.box(info.shape), self._piece(info, spec)) for spec in info.slices]
            problem = tiling_problem([box for box, _ in pieces], info.shape)
            if problem is not None:
                raise FormatError(
                    f"the slices of {info.name!r} do not cover it exactly",
                    path=self.path,
                    expected=f"every element of shape {info.shape} in one of {len(pieces)} slices",
                    found=problem,
                )
            self._pieces[info.name] = pieces
        return self._pieces[info.name]

    def _piece(self, info: TensorInfo, spec: SliceSpec) -> TensorInfo:
        key = spec.key(info.name).decode("utf-8", "surrogateescape")
        shape = tuple(part.stop - part.start for part in spec.box(info.shape))
        piece = self._decode(key) if self.find(key) is not None else None
        if piece is None or (piece.dtype, piece.shape, piece.slices) != (info.dtype, shape, ()):
            raise FormatError(
                f"slice {spec} of {info.name!r} cannot be used",
                path=self.path,
                expected=f"an entry of {info.dtype.name} and shape {shape}",
                found="none" if piece is None else f"{piece.dtype.name}, shape {piece.shape}",
            )
        return piece

    def verify(self, progress: Callable[[int], None]) -> None:
        """Checks every block of the table; entries are checked when they are used."""
        self.table.verify(progress)
