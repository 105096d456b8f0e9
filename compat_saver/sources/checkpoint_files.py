"""The files of one checkpoint, by the names that TensorFlow gives them.

V2   PREFIX.index, PREFIX.data-00000-of-00002, PREFIX.data-00001-of-00002
V1   PREFIX                                       written in one piece
     PREFIX-00000-of-00002, PREFIX-00001-of-00002 written by a sharded saver, which calls it PREFIX-?????-of-00002

A prefix may hold any number of dots and dashes; it is never taken apart, only what is appended to it is. It may end in
a slash, and the names of the files start with nothing: `DIR/.index`, `DIR/.data-00000-of-00001`, `DIR/.meta`. As a path
such a prefix is `DIR/.index`, which also leads to the checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from compat_saver.bundle.entries import decode_header
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import IndexTable, is_table
from compat_saver.errors import FormatError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.sniff import HEAD, Foreign, describe_bytes

V1, V2 = "V1", "V2"
INDEX, META = ".index", ".meta"
_DATA_SHARD = re.compile(r"(.*)\.data-(\d{5})-of-(\d{5})", re.DOTALL)
_V1_SHARD = re.compile(r"(.+)-(\d{5}|\?{5})-of-(\d{5}|\?{5})", re.DOTALL)
_META_KEY = b""
_NEVER_TENSORS = ("git-lfs", "html")
# The first key's value is a SavedTensorSlices in V1, and that starts with its field 1, a message.
_V1_FIRST_BYTE = b"\x0a"


@dataclass(frozen=True)
class CheckpointFiles:
    """The files of a prefix.

    Attributes:
        prefix: what TensorFlow, and `open_bundle`, take to be the checkpoint's name: for shards of V1 the pattern
            `X-?????-of-00002`.
        stem: the path that all its names start with, that of the .meta included: `X` for shards of V1, else the prefix.
        version: "V1" or "V2".
        tables: the index of V2, or the file or shards of V1.
        data: the data shards of V2 that are there.
        missing: the files that should be there and are not.
        impostors: the data shards that are something else, with what each is: a Git LFS pointer, mostly.
        object_based: whether tf.train.Checkpoint wrote it.
    """

    prefix: Path
    stem: Path
    version: str
    tables: tuple[Path, ...]
    data: tuple[Path, ...] = ()
    missing: tuple[Path, ...] = ()
    impostors: tuple[tuple[Path, Foreign], ...] = ()
    object_based: bool = False

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps the values from being read, a sentence each; the names and shapes can be read all the same."""
        found = [f"{path} is {foreign.what}. {foreign.advice}" for path, foreign in self.impostors]
        if self.missing:
            names = ", ".join(path.name for path in self.missing)
            found.append(f"Files of the checkpoint {self.stem} are missing: {names}. Copy all of its files.")
        return tuple(found)


def prefix_path(prefix: str) -> Path:
    """Returns a prefix as a path; that of one that ends in a slash is its index."""
    return Path(prefix, INDEX) if prefix.endswith("/") else Path(prefix)


def beside(prefix: Path, ending: str) -> Path:
    """Returns the file of a checkpoint whose name is the prefix and an ending."""
    return prefix.with_name(f"{start_of_names(prefix)}{ending}")


def start_of_names(prefix: Path) -> str:
    """Returns what the names of a checkpoint's files start with."""
    return "" if prefix.name == INDEX else prefix.name


def prefix_of_data(path: Path) -> Path | None:
    """Returns PREFIX of PREFIX.data-00000-of-00001, None for other names."""
    match = _DATA_SHARD.fullmatch(path.name)
    return path.with_name(match[1] or INDEX) if match else None


def prefix_of_index(path: Path) -> Path | None:
    """Returns PREFIX of PREFIX.index, None for other names."""
    stem = path.name.removesuffix(INDEX)
    return path.with_name(stem or INDEX) if stem != path.name else None


def prefix_of_meta(path: Path) -> Path | None:
    """Returns PREFIX of PREFIX.meta, None for other names."""
    stem = path.name.removesuffix(META)
    return path.with_name(stem or INDEX) if stem != path.name else None


def prefix_of_v1_shard(path: Path) -> Path | None:
    """Returns PREFIX of PREFIX-00000-of-00001 and of PREFIX-?????-of-00001, None for other names."""
    match = _V1_SHARD.fullmatch(path.name)
    return path.with_name(match[1]) if match else None


def find_checkpoint(prefix: Path) -> CheckpointFiles | None:
    """Returns the files of the checkpoint with that prefix, or None if there is none.

    Where files of both formats have one prefix, V2 is taken, as TensorFlow does.

    Raises:
        NotALegacyArtifactError: its index is something else: a Git LFS pointer, an empty file, ...
        FormatError: its index is damaged or cut short.
    """
    if not prefix.name:  # the current directory or the root: no file name starts with that
        return None
    stem = prefix if prefix.is_file() else prefix_of_v1_shard(prefix) or prefix
    for name in dict.fromkeys((prefix, stem)):  # a name that looks like a shard's may be a prefix all the same
        index = beside(name, INDEX)
        if index.is_file():
            return _from_index(name, index)
    prefix = stem
    if prefix.is_file():
        return CheckpointFiles(prefix, prefix, V1, (prefix,)) if table_version(prefix) == V1 else None
    return _from_v1_shards(prefix)


def _from_v1_shards(stem: Path) -> CheckpointFiles | None:
    shards = {path: match for path, match in _siblings(stem, _V1_SHARD) if table_version(path) == V1}
    if not shards:
        return None
    count = max(int(match[3]) for match in shards.values())
    missing = _missing(stem, "-", count, shards)
    return CheckpointFiles(stem.with_name(f"{stem.name}-?????-of-{count:05}"), stem, V1, tuple(shards), missing=missing)


def _from_index(prefix: Path, index: Path) -> CheckpointFiles:
    """Cases: a V1 checkpoint of that name; an index."""
    table = IndexTable(DataFile(str(index)))
    header = table.get(_META_KEY)
    if header is None:
        raise FormatError(
            "not an index", path=str(index), expected="the header of a checkpoint", found="a table without one"
        )
    if bytes(header[:1]) == _V1_FIRST_BYTE:
        return CheckpointFiles(index, prefix, V1, (index,))
    count = decode_header(header, str(index)).shards
    data = [path for path, match in _siblings(prefix, _DATA_SHARD) if int(match[3]) == count]
    return CheckpointFiles(
        prefix,
        prefix,
        V2,
        tables=(index,),
        data=tuple(data),
        missing=_missing(prefix, ".data-", count, data),
        impostors=tuple((path, foreign) for path in data if (foreign := _impostor(path)) is not None),
        object_based=table.get(OBJECT_GRAPH_KEY.encode()) is not None,
    )


def _impostor(path: Path) -> Foreign | None:
    """Cases: a text that no tensor's bytes start with; anything else may be a tensor, an empty file included."""
    with path.open("rb") as file:
        foreign = describe_bytes(file.read(HEAD), path.stat().st_size)
    return foreign if foreign is not None and foreign.kind in _NEVER_TENSORS else None


def _missing(stem: Path, infix: str, count: int, found: Collection[Path]) -> tuple[Path, ...]:
    if len(found) >= count:
        return ()
    endings = (f"{infix}{shard:05}-of-{count:05}" for shard in range(count))
    return tuple(path for ending in endings if (path := beside(stem, ending)) not in found)


def _siblings(stem: Path, pattern: re.Pattern[str]) -> list[tuple[Path, re.Match[str]]]:
    """Returns the files that are numbered shards of a stem, in order."""
    if not stem.parent.is_dir():
        return []
    found = [
        (path, match)
        for path in stem.parent.iterdir()
        if (match := pattern.fullmatch(path.name)) and match[1] == start_of_names(stem) and path.is_file()
    ]
    return sorted(found, key=lambda item: item[0].name)


def table_version(path: Path) -> str | None:
    """Returns "V1" or "V2" for a checkpoint's table, by its first entry; None for any other file.

    Raises:
        FormatError: it is a table and damaged.
    """
    file = DataFile(str(path))
    if not is_table(file):
        return None
    first = IndexTable(file).get(_META_KEY)
    if first is None:
        return None
    return V1 if bytes(first[:1]) == _V1_FIRST_BYTE else V2


def list_checkpoints(directory: Path) -> list[Path]:
    """Returns what `find_checkpoint` finds the checkpoints of a directory by, in order.

    V2 ones are listed by the name of their index, V1 ones by their bytes, for their names are free.
    """
    prefixes = set()
    for path in directory.iterdir():
        if not path.is_file() or prefix_of_data(path) is not None:
            continue
        by_index = prefix_of_index(path)
        if by_index is not None:
            prefixes.add(by_index)
        elif table_version(path) == V1:
            prefixes.add(prefix_of_v1_shard(path) or path)
    return sorted(prefixes)
