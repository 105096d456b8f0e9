"""The same tensors in other files: V1 to V2, other shards, partitions joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_saver.checkpoints.opening import PathArgument, open_source
from compat_saver.checkpoints.run import Plan, WriteOptions, Written, copies, write_checkpoint

if TYPE_CHECKING:
    from typing_extensions import Unpack


def convert(
    source: PathArgument, output: PathArgument, *, join: bool = False, **options: Unpack[WriteOptions]
) -> Written:
    """Writes a checkpoint of any format as V2.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        join: whether partitioned tensors are stored in one piece; they stay partitioned by default.
        **options: as WriteOptions has them.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    with open_source(source) as checkpoint:
        return write_checkpoint(Plan(tuple(copies(checkpoint, join=join))), output, **options)
