"""The `checkpoint` file: which checkpoints a directory has, read and written.

TF1 wrote the path that the program was given, often an absolute one. Such a path leads nowhere once the directory has
been copied to another machine, and TensorFlow then returns None. Here it is resolved to the copied files.
"""

from __future__ import annotations

import glob
import ntpath
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike, fspath

from compat_saver.errors import ArtifactError, FormatError, UsageError
from compat_saver.proto import messages
from compat_saver.proto.files import read_message, replace_file
from compat_saver.proto.recognize import CHECKPOINT_STATE

_DIGITS = "[0-9]" * 5
_SHARDS_OF_PATTERN = re.compile(r"-\?{5}-of-(\?{5}|\d{5})$")
_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
NO_LATEST = "no latest checkpoint"
"""What is wrong with a state file that does not name one."""


@dataclass(frozen=True)
class CheckpointState:
    """The content of a state file, with each path resolved to where the files are now.

    A path that leads nowhere is kept: relative ones joined to the directory, absolute ones as they were written.

    Attributes:
        path: the state file.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: the prefixes of all that were not deleted, oldest first.
        all_model_checkpoint_timestamps: seconds since 1970, one for each of them, or none.
        last_preserved_timestamp: when a checkpoint was last preserved; 0.0 where nothing was written.
        relocated: the paths that lead elsewhere than they were written: (as written, as found), each once.
    """

    path: str
    model_checkpoint_path: str
    all_model_checkpoint_paths: tuple[str, ...] = ()
    all_model_checkpoint_timestamps: tuple[float, ...] = ()
    last_preserved_timestamp: float = 0.0
    relocated: tuple[tuple[str, str], ...] = ()


def checkpoint_exists(prefix: str | PathLike[str]) -> bool:
    """Whether there is a checkpoint of that prefix: an index, a V1 file, or V1 shards.

    The prefix of V1 shards may be given as TF1 writes it, `X-?????-of-00002`.
    """
    text = fspath(prefix)
    return os.path.isfile(f"{text}.index") or os.path.isfile(text) or bool(v1_shards(text))


def v1_shards(prefix: str | PathLike[str]) -> list[str]:
    """Returns the files of a sharded V1 checkpoint that are there, in order.

    Args:
        prefix: `X`, or `X-?????-of-00002` for those of two shards only.
    """
    text = fspath(prefix)
    pattern = _SHARDS_OF_PATTERN.search(text)
    stem, count = (text[: pattern.start()], pattern[1]) if pattern else (text, "?????")
    return sorted(glob.glob(f"{glob.escape(stem)}-{_DIGITS}-of-{_DIGITS if '?' in count else count}"))


def is_v1_pattern(prefix: str | PathLike[str]) -> bool:
    """Whether a prefix is what TF1 calls a sharded V1 checkpoint: `X-?????-of-00002`."""
    return _SHARDS_OF_PATTERN.search(fspath(prefix)) is not None


def read_checkpoint_state(
    directory_or_file: str | PathLike[str], latest_filename: str = "checkpoint"
) -> CheckpointState:
    """Reads the state file of a directory, or the file itself.

    Args:
        directory_or_file: where it is.
        latest_filename: the name it has in the directory.

    Raises:
        SourceNotFoundError: there is none.
        NotALegacyArtifactError: the file is something else: a Git LFS pointer, a web page, a V1 checkpoint, ...
        FormatError: it cannot be parsed, or names no latest checkpoint.
        ArtifactError: it cannot be read.
    """
    path = fspath(directory_or_file)
    if os.path.isdir(path):
        return read_state_file(os.path.join(path, latest_filename), path)
    return read_state_file(path, os.path.dirname(path))


def read_state_file(path: str, directory: str) -> CheckpointState:
    """Reads a state file.

    Args:
        path: the file.
        directory: what its paths are relative to, and where those of another machine are looked for.

    Raises:
        ArtifactError: as `read_checkpoint_state`.
    """
    message = read_message(path, CHECKPOINT_STATE)
    if not message.model_checkpoint_path:
        raise FormatError(
            NO_LATEST,
            path=path,
            expected="a line `model_checkpoint_path: ...`",
            found="none",
            hint="Pass the checkpoint itself, or add the line.",
        )
    latest = message.model_checkpoint_path
    if any("\0" in text for text in (latest, *message.all_model_checkpoint_paths)):
        raise FormatError("damaged", path=path, expected="paths of checkpoints", found="a path with a zero byte in it")
    located = {text: _locate(directory, text) for text in (latest, *message.all_model_checkpoint_paths)}
    return CheckpointState(
        path=path,
        model_checkpoint_path=located[latest],
        all_model_checkpoint_paths=tuple(located[text] for text in message.all_model_checkpoint_paths),
        all_model_checkpoint_timestamps=tuple(message.all_model_checkpoint_timestamps),
        last_preserved_timestamp=message.last_preserved_timestamp,
        relocated=tuple(
            (text, found)
            for text, found in located.items()
            if os.path.normpath(found) not in map(os.path.normpath, (text, os.path.join(directory, text)))
        ),
    )


def _locate(directory: str, written: str) -> str:
    """Cases: where it was written, joined to the directory; else its longest tail that is found below the directory.

    A prefix that ends in a slash, which stands for files without a name of their own, was written as a dot where it is
    the directory.
    """
    written = "" if written == "." else written
    ending = "/" if written.endswith(("/", "\\")) or not written else ""
    here = written if _WINDOWS_ABSOLUTE.match(written) else os.path.join(directory, written)
    if checkpoint_exists(here):
        return here
    tails = (f"{tail}{ending}" for tail in (*_tails(directory, written), *([directory] if ending else ())))
    return next((tail for tail in tails if checkpoint_exists(tail)), here)


def _tails(directory: str, written: str) -> Iterator[str]:
    """Yields the places below a directory where the files of a foreign path may have come along, beside it last.

    From the longest tail on: of /old/a/model-1 and /old/b/model-1 each keeps its own folder where both came along.
    """
    is_windows = "\\" in written
    parts = re.split(r"[\\/]", ntpath.splitdrive(written)[1]) if is_windows else written.split("/")
    parts = [part for part in parts if part not in ("", ".", "..")]
    for first in range(len(parts)):
        yield os.path.join(directory, *parts[first:])


def make_checkpoint_state(
    directory: str | PathLike[str],
    model_checkpoint_path: str | PathLike[str],
    all_model_checkpoint_paths: Sequence[str | PathLike[str]] = (),
    *,
    all_model_checkpoint_timestamps: Sequence[float] = (),
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> messages.Message:
    """Returns the CheckpointState message that TF1's Saver wrote.

    Args:
        directory: where the state file goes.
        model_checkpoint_path: the prefix of the latest checkpoint.
        all_model_checkpoint_paths: all prefixes that are not deleted, oldest first; the latest is appended to them
            where it is not their last.
        all_model_checkpoint_timestamps: seconds since 1970, one for each of them, or none.
        last_preserved_timestamp: when a checkpoint was last preserved.
        save_relative_paths: write paths relative to the directory, which survive copying it. Without it an absolute
            path is written as it is, and a relative one relative to the directory if that is relative as well.

    Raises:
        UsageError: timestamps and paths differ in number.
    """
    latest, folder = fspath(model_checkpoint_path), fspath(directory)
    paths = [fspath(path) for path in all_model_checkpoint_paths]
    if not paths or paths[-1] != latest:
        paths.append(latest)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise UsageError(
            f"{len(all_model_checkpoint_timestamps)} timestamps for {len(paths)} checkpoint paths; give one for each."
        )
    return messages.CheckpointState(
        model_checkpoint_path=_as_written(latest, folder, save_relative_paths),
        all_model_checkpoint_paths=[_as_written(path, folder, save_relative_paths) for path in paths],
        all_model_checkpoint_timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def write_state_message(target: str, message: messages.Message, *, is_awaited: bool = True) -> str:
    """Writes a CheckpointState message to a file, and returns its path.

    The file appears complete or stays as it was: it is written beside and renamed. A failure leaves nothing behind.

    Args:
        target: the file.
        message: the message.
        is_awaited: whether to wait until the disk has it, and with it, on many systems, all that was written before.

    Raises:
        ArtifactError: the file cannot be written.
    """
    try:
        replace_file(target, state_text(message), f"{target}.tmp-{uuid.uuid4().hex}", is_awaited=is_awaited)
    except OSError as error:
        raise ArtifactError(f"{target}: cannot be written ({error}).") from error
    return target


def state_text(message: messages.Message) -> bytes:
    """Returns what a state file holds for a CheckpointState message."""
    from google.protobuf import text_format

    # Octal escapes, as every TF1 release wrote and reads; what protobuf does by default has changed.
    return text_format.MessageToString(message, as_utf8=False).encode()


def _as_written(path: str, directory: str, relative: bool) -> str:
    if relative:
        return os.path.relpath(path, directory)
    both_relative = not os.path.isabs(path) and not os.path.isabs(directory)
    return os.path.relpath(path, directory) if both_relative else path
