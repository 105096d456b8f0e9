"""Checkpoint management of `tf.train`: the latest checkpoint, all of them, their times, and removal.

The same names, arguments and results, without TensorFlow. Differences: paths that are wrong because the directory was
copied lead to the copied files, names are literal and never glob patterns, sharded V1 checkpoints are found, and
pathlib paths are accepted. Paths with `://` are left to TensorFlow's own functions.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.errors import ArtifactError, FormatError, SourceNotFoundError, UsageError
from compat_saver.proto import checkpoint_state, messages
from compat_saver.proto.checkpoint_state import (
    is_v1_pattern,
    make_checkpoint_state,
    read_state_file,
    v1_shards,
    write_state_message,
)
from compat_saver.saver.errors import as_tf_error, tf_class_of, with_bases
from compat_saver.sources.checkpoint_files import find_checkpoint, list_checkpoints

_STATE_FILE = "checkpoint"
_V2 = 2
_NANOSECONDS = 1_000_000_000
_STEP = re.compile(r"-\d+$")
_SHARD_ENDING = re.compile(r"-[\d?]+-of-\d+$")

_logger = logging.getLogger("compat_saver")


def is_remote(path: str | PathLike[str]) -> bool:
    """Whether a path is on a file system that only TensorFlow knows: `gs://...`."""
    return "://" in fspath(path)


def stem_of(prefix: str) -> str:
    """Returns the common start of the names of all files of a checkpoint: the shards of V1 share one graph file."""
    return _SHARD_ENDING.sub("", prefix)


def _theirs() -> Any:
    return _tensorflow.tensorflow().compat.v1.train


def _texts(paths: Sequence[str | PathLike[str]] | None) -> list[str] | None:
    return None if paths is None else [fspath(path) for path in paths]


def latest_checkpoint(checkpoint_dir: str | PathLike[str], latest_filename: str | None = None) -> str | None:
    """Returns the prefix of the latest checkpoint of a directory, or None, as tf.train.latest_checkpoint.

    Cases: None without a state file; the checkpoint that it names, in the directory if it was copied there; if that is
    gone, with a warning, the latest listed one that exists, else the only one whose name differs just in its step;
    None. TensorFlow returns None if the named one is gone, and the program then restarts its training.

    Args:
        checkpoint_dir: the directory.
        latest_filename: the name of the state file; "checkpoint" if None.

    Raises:
        ValueError: the state file names no latest checkpoint (the error is also an ArtifactError).
    """
    if is_remote(checkpoint_dir):
        found: str | None = _theirs().latest_checkpoint(checkpoint_dir, latest_filename)
        return found
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    latest: str = state.model_checkpoint_path
    if checkpoint_state.checkpoint_exists(latest):
        return latest
    instead = _another(state, fspath(checkpoint_dir))
    what = f"taken instead: {instead}" if instead else "there is no other to take instead"
    _logger.warning("%s: the latest checkpoint that its state file names is gone: %s; %s", checkpoint_dir, latest, what)
    return instead


def _another(state: messages.Message, directory: str) -> str | None:
    listed = [path for path in state.all_model_checkpoint_paths if checkpoint_state.checkpoint_exists(path)]
    return listed[-1] if listed else _only_of_its_name(directory, state.model_checkpoint_path)


def _only_of_its_name(directory: str, latest: str) -> str | None:
    """Returns the only checkpoint of a directory whose name is that of the latest but for the step."""
    name = _unnumbered(os.path.basename(latest.replace("\\", "/")))
    try:
        alike = [path for path in list_checkpoints(Path(directory)) if _unnumbered(path.name) == name]
        files = find_checkpoint(alike[0]) if len(alike) == 1 else None
    except (ArtifactError, OSError):  # what cannot be read is no checkpoint to take
        return None
    return str(files.prefix) if files is not None else None


def _unnumbered(name: str) -> str:
    return _STEP.sub("", stem_of(name))


def get_checkpoint_state(
    checkpoint_dir: str | PathLike[str], latest_filename: str | None = None
) -> messages.Message | None:
    """Returns the CheckpointState message of a directory, as tf.train.get_checkpoint_state, or None without one.

    A state file that cannot be read counts as none, with a warning.

    Args:
        checkpoint_dir: the directory.
        latest_filename: the name of the state file; "checkpoint" if None.

    Returns:
        A message with model_checkpoint_path, all_model_checkpoint_paths, all_model_checkpoint_timestamps (seconds
        since 1970) and last_preserved_timestamp; relative paths are joined to the directory, and missing
        files are looked for in it.

    Raises:
        ValueError: it is empty, names no latest checkpoint, or is not text (the error is also an ArtifactError).
    """
    if is_remote(checkpoint_dir):
        return _theirs().get_checkpoint_state(checkpoint_dir, latest_filename)
    directory = fspath(checkpoint_dir)
    path = os.path.join(directory, _STATE_FILE if latest_filename is None else latest_filename)
    if not os.path.exists(path):
        return None
    try:
        state = read_state_file(path, directory)
    except ArtifactError as error:
        if _names_no_checkpoint(error, path):
            raise
        if not _is_text(path):
            raise with_bases(error, ValueError) from error.__cause__
        _logger.warning("%s: ignored, it cannot be read as a checkpoint state file. %s", path, error)
        return None
    return messages.CheckpointState(
        model_checkpoint_path=state.model_checkpoint_path,
        all_model_checkpoint_paths=state.all_model_checkpoint_paths,
        all_model_checkpoint_timestamps=state.all_model_checkpoint_timestamps,
        last_preserved_timestamp=state.last_preserved_timestamp,
    )


def _names_no_checkpoint(error: ArtifactError, path: str) -> bool:
    is_empty = os.path.isfile(path) and os.path.getsize(path) == 0
    return is_empty or (isinstance(error, FormatError) and error.what == checkpoint_state.NO_LATEST)


def _is_text(path: str) -> bool:
    """Whether a file is UTF-8, or cannot be read; anything else is not a state file, though it may be a damaged one."""
    try:
        Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    except OSError:
        pass
    return True


def generate_checkpoint_state_proto(
    save_dir: str | PathLike[str],
    model_checkpoint_path: str | PathLike[str],
    all_model_checkpoint_paths: Sequence[str | PathLike[str]] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> messages.Message:
    """Returns a CheckpointState message, as tf.compat.v1.train.generate_checkpoint_state_proto.

    Args:
        save_dir: where the state file will be; if it is relative, relative paths are made relative to it.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: all prefixes that are not deleted, oldest first; the latest is appended where it is
            not their last. The list stays as it is.
        all_model_checkpoint_timestamps: seconds since 1970, one for each of them.
        last_preserved_timestamp: when a checkpoint was last kept permanently, in seconds since 1970.

    Raises:
        UsageError: (ValueError) timestamps and paths differ in number.
    """
    if is_remote(save_dir):
        paths = _texts(all_model_checkpoint_paths)
        return _theirs().generate_checkpoint_state_proto(
            save_dir, fspath(model_checkpoint_path), paths, all_model_checkpoint_timestamps, last_preserved_timestamp
        )
    return make_checkpoint_state(
        save_dir,
        model_checkpoint_path,
        () if all_model_checkpoint_paths is None else all_model_checkpoint_paths,
        all_model_checkpoint_timestamps=()
        if all_model_checkpoint_timestamps is None
        else all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(
    save_dir: str | PathLike[str],
    model_checkpoint_path: str | PathLike[str],
    all_model_checkpoint_paths: Sequence[str | PathLike[str]] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Writes the state file of a directory, as tf.compat.v1.train.update_checkpoint_state.

    Args:
        save_dir: the directory.
        model_checkpoint_path: as for `generate_checkpoint_state_proto`, like all the rest.
        all_model_checkpoint_paths: likewise.
        latest_filename: the name of the state file; "checkpoint" if None.
        all_model_checkpoint_timestamps: likewise.
        last_preserved_timestamp: likewise.

    Raises:
        UsageError: (ValueError) timestamps and paths differ in number.
        RuntimeError: (and UsageError) the checkpoint has the path of the state file.
        SourceNotFoundError: (tf.errors.NotFoundError) there is no such directory.
        ArtifactError: the file cannot be written; also tf.errors.PermissionDeniedError, or what else TensorFlow raises.
    """
    if is_remote(save_dir):
        paths = _texts(all_model_checkpoint_paths)
        _theirs().update_checkpoint_state(
            save_dir,
            fspath(model_checkpoint_path),
            paths,
            latest_filename,
            all_model_checkpoint_timestamps,
            last_preserved_timestamp,
        )
        return
    state = generate_checkpoint_state_proto(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )
    _write(save_dir, latest_filename, state, is_awaited=True)


def write_state(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str],
    latest_filename: str,
    *,
    is_relative: bool,
) -> None:
    """Writes the state file for a saver, which does not wait for the disk, as TensorFlow's does not.

    Args:
        save_dir: the directory, on this machine.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: all prefixes that are not deleted, oldest first.
        latest_filename: the name of the state file.
        is_relative: whether paths are written relative to the directory.

    Raises:
        RuntimeError, ArtifactError: as `update_checkpoint_state`.
    """
    state = make_checkpoint_state(
        save_dir, model_checkpoint_path, all_model_checkpoint_paths, save_relative_paths=is_relative
    )
    _write(save_dir, latest_filename, state, is_awaited=False)


def _write(
    save_dir: str | PathLike[str], latest_filename: str | None, state: messages.Message, *, is_awaited: bool
) -> None:
    target = os.path.join(fspath(save_dir), _STATE_FILE if latest_filename is None else latest_filename)
    if target == state.model_checkpoint_path:
        conflict = UsageError(
            f"{target}: a checkpoint cannot have the path of the checkpoint state file. "
            "Give the checkpoint another name, or the state file another one with latest_filename."
        )
        raise with_bases(conflict, RuntimeError)
    if not os.path.isdir(os.path.dirname(target) or "."):
        missing = f"{target}: the directory {os.path.dirname(target)} does not exist; create it first."
        raise as_tf_error(SourceNotFoundError(missing), "NotFoundError")
    try:
        write_state_message(target, state, is_awaited=is_awaited)
    except ArtifactError as error:
        cause = error.__cause__
        raise as_tf_error(error, tf_class_of(cause)) if isinstance(cause, OSError) else error from cause


def checkpoint_exists(checkpoint_prefix: str | PathLike[str]) -> bool:
    """Whether there is a checkpoint of that prefix, as tf.compat.v1.train.checkpoint_exists.

    Args:
        checkpoint_prefix: that of a V2 or V1 checkpoint; of sharded V1 ones also as `X-?????-of-00002`.
    """
    if is_remote(checkpoint_prefix):
        return bool(_theirs().checkpoint_exists(fspath(checkpoint_prefix)))
    return checkpoint_state.checkpoint_exists(checkpoint_prefix)


def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str | PathLike[str]]) -> list[float]:
    """Returns when checkpoints were written, as tf.compat.v1.train.get_checkpoint_mtimes.

    Args:
        checkpoint_prefixes: their prefixes.

    Returns:
        Whole seconds since 1970 of those that exist; the others are left out.
    """
    times: list[float] = []
    for prefix in [fspath(prefix) for prefix in checkpoint_prefixes]:
        if is_remote(prefix):
            times += _theirs().get_checkpoint_mtimes([prefix])
            continue
        files = (path for path in (f"{prefix}.index", prefix, *v1_shards(prefix)) if os.path.isfile(path))
        times += [float(os.stat(path).st_mtime_ns // _NANOSECONDS) for path in files][:1]
    return times


def remove_checkpoint(
    checkpoint_prefix: str | PathLike[str], checkpoint_format_version: int = _V2, meta_graph_suffix: str = "meta"
) -> None:
    """Deletes the files of a checkpoint and its graph, as tf.compat.v1.train.remove_checkpoint; missing ones are fine.

    The index goes first: an interrupted removal leaves no checkpoint that looks complete.

    Args:
        checkpoint_prefix: its prefix, literal (TensorFlow's own function deletes the files of `m1` for `m[1]`); only
            `X-?????-of-00002` stands for the shards of V1.
        checkpoint_format_version: SaverDef.V2 (2), or SaverDef.V1 (1).
        meta_graph_suffix: the ending of the graph's file.

    Raises:
        ArtifactError: a file cannot be deleted; also tf.errors.PermissionDeniedError, or what else TensorFlow raises.
    """
    prefix = fspath(checkpoint_prefix)
    if is_remote(prefix):
        _theirs().remove_checkpoint(prefix, checkpoint_format_version, meta_graph_suffix)
        return
    if checkpoint_format_version == _V2:
        files = [f"{prefix}.index", *_data_files(prefix)]
    else:
        files = v1_shards(prefix) if is_v1_pattern(prefix) else [prefix]
    for path in (*files, f"{stem_of(prefix)}.{meta_graph_suffix}"):
        _delete(path)


def _data_files(prefix: str) -> list[str]:
    directory, name = os.path.split(prefix)
    pattern = re.compile(re.escape(name) + r"\.data-\d{5}-of-\d{5}", re.DOTALL)
    try:
        found = os.listdir(directory or ".")
    except OSError:
        return []
    return sorted(os.path.join(directory, entry) for entry in found if pattern.fullmatch(entry))


def _delete(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        ours = ArtifactError(f"{path}: cannot be deleted ({error}).")
        raise as_tf_error(ours, tf_class_of(error)) from error
