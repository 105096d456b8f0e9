"""Keeps an earlier checkpoint whole and findable while another is written over it.

TensorFlow renames a new data file and then a new index over the old ones, and the index of a sharded checkpoint it
writes in place. A process that is killed in between leaves a mixture of two checkpoints, and where that was the only
one, nothing. So, before anything is written over a checkpoint that the state file calls the latest:

1. its files get second names, `earlier-1a2b3c4d.NAME`: links, which take no time and no space;
2. the state file is replaced by one that leads to these;
3. the new checkpoint is written, and the state file that leads to it;
4. the second names go.

Whoever is killed, and whenever, leaves a state file that leads to a complete checkpoint. Second names that were left
behind go with a later save of the same name, unless a state file still leads to them. They come before the name, so
that programs that read the step off its end still find it there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from compat_saver.errors import ArtifactError
from compat_saver.proto.checkpoint_state import read_checkpoint_state
from compat_saver.proto.files import read_message
from compat_saver.proto.recognize import CHECKPOINT_STATE
from compat_saver.sources import CheckpointFiles, find_checkpoint

_MARK = re.compile(rb"earlier-[0-9a-f]{8}(?=\.)")
_STEP = re.compile(r"-\d+$")
_STATE = ".state"
_ENDINGS = (r"-\d{5}-of-\d{5}", r"\.data-\d{5}-of-\d{5}", r"\.index", r"\.meta", re.escape(_STATE))
_LARGEST_STATE_FILE = 1 << 20


@contextlib.contextmanager
def protected(stem: Path, state_file: Path, besides: Sequence[Path] = ()) -> Iterator[None]:
    """Holds on to what is there while a checkpoint is written.

    Where the body raises before the state file leads to the new checkpoint, the state file, the earlier checkpoint and
    the files besides it are as they were before. A state file that the body does not write stays as it was.

    Args:
        stem: what the names of all files of the new checkpoint begin with.
        state_file: the state file of its directory, which need not exist.
        besides: the files that are written with it, each named by the stem and an ending: its .meta.

    Raises:
        OSError: a second name cannot be made, or the state file not be written.
    """
    mark = _new_mark()
    files = _files_called_latest(stem, state_file)
    before = _content(state_file)
    meanwhile = _leading_to(mark, state_file) if files else before
    copies = {path: path.with_name(f"{mark}.{path.name}") for path in {*files, *filter(Path.is_file, besides)}}
    temporary = stem.with_name(f"{mark}.{stem.name}{_STATE}")
    try:
        for path, copy in copies.items():
            _second_name(path, copy)
        _write(state_file, meanwhile, before, temporary)
    except BaseException:
        if meanwhile == before or _content(state_file) != meanwhile:
            _remove(copies.values())
        raise
    try:
        yield
    except BaseException:
        if _content(state_file) == meanwhile:
            _put_back(copies)
            _remove(path for path in besides if path not in copies)
            _write(state_file, before, meanwhile, temporary)
        _remove(copies.values())
        raise
    if _content(state_file) == meanwhile:
        _write(state_file, before, meanwhile, temporary)
    _remove(copies.values())
    with contextlib.suppress(OSError):  # what is left behind is in nobody's way
        _remove_left_behind(stem, besides)


def _files_called_latest(stem: Path, state_file: Path) -> tuple[Path, ...]:
    """Returns the files of the checkpoint of that stem if the state file calls it the latest and it is complete."""
    try:
        latest = Path(read_checkpoint_state(state_file).model_checkpoint_path)
        found = find_checkpoint(latest)
    except ArtifactError:
        return ()  # no state file, or nothing that could be kept
    if found is None or found.problems or _place(found.stem) != _place(stem):
        return ()
    return _all_files(found)


def _all_files(found: CheckpointFiles) -> tuple[Path, ...]:
    meta = found.stem.with_name(f"{found.stem.name}.meta")
    return (*found.tables, *found.data, *([meta] if meta.is_file() else []))


def _place(path: Path) -> Path:
    return path.parent.resolve() / path.name


def _new_mark() -> str:
    return f"earlier-{os.urandom(4).hex()}"


def _second_name(path: Path, copy: Path) -> None:
    """Links a file, or copies it: where links cannot be made, and indexes, for those may be written in place."""
    if path.suffix != ".index":
        with contextlib.suppress(OSError):
            os.link(path, copy)
            return
    shutil.copyfile(path, copy)


def _leading_to(mark: str, state_file: Path) -> bytes:
    """Returns the content of a state file with its latest checkpoint renamed."""
    from google.protobuf import text_format

    message = read_message(state_file, CHECKPOINT_STATE)
    latest = message.model_checkpoint_path
    name = re.split(r"[/\\]", latest)[-1]
    renamed = f"{latest.removesuffix(name)}{mark}.{name}"
    message.model_checkpoint_path = renamed
    paths = [renamed if path == latest else path for path in message.all_model_checkpoint_paths]
    message.all_model_checkpoint_paths[:] = paths
    return text_format.MessageToString(message, as_utf8=False).encode()


def _put_back(copies: dict[Path, Path]) -> None:
    """Gives the earlier files their names again; the copies stay complete meanwhile."""
    mark = _new_mark()
    for path, copy in copies.items():
        again = path.with_name(f"{mark}.{path.name}")
        _second_name(copy, again)
        os.replace(again, path)
        _remove([again])  # still there where it was a link to the same file


def _remove_left_behind(stem: Path, besides: Sequence[Path]) -> None:
    """Removes second names of a checkpoint, whatever its step, that killed processes left, unless they are in use."""
    name = re.escape(_STEP.sub("", stem.name))
    endings = "|".join([*_ENDINGS, *(re.escape(path.name.removeprefix(stem.name)) for path in besides)])
    pattern = re.compile(rf"(earlier-[0-9a-f]{{8}})\.{name}(-\d+)?({endings})?", re.DOTALL)
    paths = list(stem.parent.iterdir())
    found = {path: match[1] for path in paths if (match := pattern.fullmatch(path.name))}
    if found:
        used = _marks_in_state_files(path for path in paths if path not in found)
        _remove(path for path, mark in found.items() if mark not in used)


def _marks_in_state_files(paths: Iterable[Path]) -> set[str]:
    small = (path for path in paths if path.is_file() and path.stat().st_size < _LARGEST_STATE_FILE)
    contents = (_content(path) or b"" for path in small)
    return {mark.decode() for text in contents if b"model_checkpoint_path" in text for mark in _MARK.findall(text)}


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes | None, present: bytes | None, temporary: Path) -> None:
    """Replaces the content of a small file in one step, if it is another."""
    if content is None or content == present:
        return
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
