"""Which files belong to a checkpoint, and which format they are in: decided by their bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from compat_saver.bundle.checkpoint import Checkpoint
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.table import Table
from compat_saver.bundle.v1 import V1Reader
from compat_saver.bundle.v2 import V2Reader
from compat_saver.bundle.v2_index import index_path
from compat_saver.errors import FormatError, NotALegacyArtifactError, SourceNotFoundError

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
    table = Table(DataFile(path))
    if _is_v1(table):
        return Checkpoint(prefix, V1Reader([table]))
    if not path.endswith(".index"):
        raise NotALegacyArtifactError(
            f"{path}: expected a V1 checkpoint, but it is the index of a V2 checkpoint under another name; "
            "call it PREFIX.index, beside its PREFIX.data-* files"
        )
    stem = path.removesuffix(".index")
    return Checkpoint(stem, V2Reader(stem, table, check_tensors=check_tensors))


def _v1_table(path: str) -> Table:
    table = Table(DataFile(path))
    if not _is_v1(table):
        raise FormatError("not a shard of a V1 checkpoint", path=path, expected="V1 metadata", found="a V2 header")
    return table


def _is_v1(table: Table) -> bool:
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
    """Returns the shard counts of the files that lie there under that stem."""
    folder, name = os.path.split(stem)
    pattern = re.compile(re.escape(name) + r"-\d{5}-of-(\d{5})")
    try:
        found = os.listdir(folder or ".")
    except OSError:
        return set()
    return {match[1] for entry in found if (match := pattern.fullmatch(entry))}
