"""What is checked before a saver saves or restores: the session, its graph, and the files of the checkpoint."""

from __future__ import annotations

import math
import os
from typing import Any

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, UsageError
from compat_saver.saver.errors import as_tf_error, with_bases, with_phrase
from compat_saver.sources import resolve_checkpoint


def open_for_restore(path: str) -> Checkpoint:
    """Opens the checkpoint that a path leads to, its files complete as far as their sizes show.

    A checkpoint may have no name: saved to `model/`, its files are `model/.index` and so on.

    Raises:
        ArtifactError: there is none, or it is incomplete. The error is also a ValueError, and the one that TensorFlow
            raises instead.
        UsageError: the path is empty.
    """
    if not path:
        raise UsageError("save_path: expected the path of a checkpoint, found ''; '.' is the latest of this directory.")
    is_nameless = path.endswith(os.sep) and os.path.isfile(f"{path}.index")
    try:
        checkpoint = open_bundle(path) if is_nameless else _opened(path)
        _require_long_enough(checkpoint)
    except (FormatError, NotALegacyArtifactError) as error:
        raise as_tf_error(error, "DataLossError") from error
    except ArtifactError as error:
        raise with_bases(with_phrase(error, f"save_path: {path!r} is not a valid checkpoint"), ValueError) from error
    return checkpoint


def _opened(path: str) -> Checkpoint:
    """Opens a checkpoint by path; missing files, and only these, are also a tf.errors.NotFoundError."""
    source = resolve_checkpoint(path)
    try:
        source.require_shards()
    except ArtifactError as error:
        raise as_tf_error(error, "NotFoundError") from error
    return open_bundle(source.prefix)


def _require_long_enough(checkpoint: Checkpoint) -> None:
    """Raises a FormatError if a data file of V2 ends before the tensors that the index locates in it."""
    if checkpoint.version != "V2" or _is_as_long_as_its_tensors(checkpoint):
        return
    ends: dict[int, int] = {}
    for name in checkpoint:
        info = checkpoint.info(name)
        if info.shard is not None and info.offset is not None:
            ends[info.shard] = max(ends.get(info.shard, 0), info.offset + info.nbytes)
    data = checkpoint.files[1:]
    for shard, end in ends.items():
        size = os.path.getsize(data[shard])
        if size < end:
            error = FormatError(
                "a data file of the checkpoint is cut short",
                path=data[shard],
                expected=f"{end:,} bytes",
                found=f"{size:,}",
                hint="Copy it again, or restore an earlier checkpoint.",
            )
            raise as_tf_error(error, "OutOfRangeError")


def _is_as_long_as_its_tensors(checkpoint: Checkpoint) -> bool:
    """Whether the total size of the data files is that of all tensors, which is quick to check.

    TensorFlow writes exactly that much if there are no strings; a truncated file is shorter.
    """
    dtypes, shapes = checkpoint.dtypes(), checkpoint.shapes()
    if not all(dtype.itemsize for dtype in dtypes.values()):
        return False
    wanted = sum(dtype.itemsize * math.prod(shapes[name]) for name, dtype in dtypes.items())
    return wanted == sum(os.path.getsize(path) for path in checkpoint.files[1:])


def require_session(session: Any, method: str) -> None:
    """Raises a UsageError, also a TypeError and an AttributeError, for an object that is not a session.

    Saving needs a session of TensorFlow's own; a MonitoredSession, which holds one, can restore.
    """
    if not (hasattr(session, "run") and hasattr(session, "graph")):
        raise with_bases(
            UsageError(f"{method}: sess: expected a tf.compat.v1.Session, found {type(session).__name__}."),
            TypeError,
            AttributeError,
        )
    if method == "save" and hasattr(session, "should_stop"):
        raise with_bases(
            UsageError(
                f"save: sess: expected a tf.compat.v1.Session, found a {type(session).__name__}, which saves by hooks. "
                "Give it a CheckpointSaverHook with this saver, or save in a hook, from run_context.session."
            ),
            TypeError,
        )


def require_ops(graph: Any, saver_def: Any, own: Any) -> None:
    """Raises a UsageError, also a TypeError, for a graph that lacks the ops of a saver; a RuntimeError if it is empty.

    Args:
        graph: the tf.Graph of the session.
        saver_def: the SaverDef with the names of the ops.
        own: the tf.Graph that the saver was made in.
    """
    names = (saver_def.filename_tensor_name, saver_def.save_tensor_name, saver_def.restore_op_name)
    for name in names:
        try:
            graph.as_graph_element(name)
        except (KeyError, ValueError) as error:
            relation = "the graph of the saver" if graph is own else "another graph than that of the saver"
            raise with_bases(
                UsageError(
                    f"sess: the session is of {relation}, and it has no {name!r}. Make the session for the saver's "
                    "graph, tf.compat.v1.Session(graph=...), or a saver for the graph of the session."
                ),
                TypeError,
                *([] if graph.get_operations() else [RuntimeError]),
            ) from error
