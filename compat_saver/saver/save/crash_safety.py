"""Keeps an earlier checkpoint complete and findable while another one overwrites it.

TensorFlow renames a new data file and then a new index over the old ones, and writes the index of a sharded checkpoint
in place. A process that is killed in between leaves a mixture of two checkpoints, and if that was the only one,
nothing. So, before anything is written over a checkpoint that the state file names as the latest:

1. its files and the state file get second names, `earlier-1a2b3c4d.NAME`: links, which take no time and no space;
2. the state file is replaced by one that names these;
3. the new checkpoint is written, and the state file that names it;
4. the second names are removed.

A process that is killed at any moment leaves a state file that names a complete checkpoint. If saving fails, the second
names become the first again, which takes no space on a disk that may be full, and files left by the save are removed.
Second names that killed processes left are removed by a later save of the same name, unless a state file still names
them. The mark is a prefix, so that programs that read the step from the end of the name still find it there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from compat_saver.errors import ArtifactError
from compat_saver.proto.checkpoint_state import read_checkpoint_state, state_text
from compat_saver.proto.files import read_message, replace_file
from compat_saver.proto.recognize import CHECKPOINT_STATE
from compat_saver.sources import CheckpointFiles, find_checkpoint
from compat_saver.sources.checkpoint_files import META, beside, prefix_path, start_of_names

_MARK = re.compile(rb"earlier-[0-9a-f]{8}(?=\.)")
_SECOND_NAME = re.compile(r"earlier-[0-9a-f]{8}\.")
_STEP = re.compile(r"-\d+$")
_STATE = ".state"
_CHECKPOINT_ENDINGS = (r"-\d{5}-of-\d{5}", r"\.data-\d{5}-of-\d{5}", r"\.index")
"""The endings of the names of a checkpoint's files, as regular expressions; the file of V1 has none."""

# NAME.tempstate123 becomes NAME when it is complete, and so does NAME.tmp1a2b3c.
_UNFINISHED = r"(\.tempstate\d*|\.tmp[0-9a-f]+)?"
# Shards wait in a directory of their own to be merged.
_WAITING = re.compile(r"part-\d{5}-of-\d{5}(\.data-\d{5}-of-\d{5}|\.index)?(\.tempstate\d*)?")
_ENDINGS = (*_CHECKPOINT_ENDINGS, r"\.meta", re.escape(_STATE))
_LARGEST_STATE_FILE = 1 << 20

_logger = logging.getLogger("compat_saver")


def is_second_name(path: str, of: str) -> bool:
    """Whether a prefix is a second name, left by a killed process, of another prefix."""
    (directory, name), (own_directory, own_name) = os.path.split(path), os.path.split(of)
    match = _SECOND_NAME.match(name)
    is_alike = match is not None and name[match.end() :] == own_name
    return is_alike and os.path.realpath(directory or ".") == os.path.realpath(own_directory or ".")


@contextlib.contextmanager
def protected(stem: Path, state_file: Path, additional: Sequence[Path] = ()) -> Iterator[None]:
    """Keeps an earlier checkpoint of the same name while a new one is written.

    If the body raises before it wrote the state file, the state file, the earlier checkpoint and its additional files
    are as they were before, and no file of the new one is left. A state file that the body does not write stays
    unchanged.

    Args:
        stem: the common start of the names of all files of the new checkpoint.
        state_file: the state file of its directory, which need not exist.
        additional: the files that are written with it, each named by the stem and an ending, such as its .meta.

    Raises:
        OSError: a second name cannot be made, or the state file not be written.
    """
    mark = _new_mark()
    latest = _called_latest(stem, state_file)
    files = [] if latest is None else [stem.with_name(path.name) for path in _all_files(latest)]
    copies = {path: path.with_name(f"{mark}.{path.name}") for path in {*files, *filter(Path.is_file, additional)}}
    state_copy = stem.with_name(f"{mark}.{stem.name}{_STATE}")
    meanwhile = None if latest is None else _renamed_state(mark, state_file, latest.prefix.name)
    leftovers = Leftovers(stem, additional)
    try:
        for path, copy in copies.items():
            _second_name(path, copy)
        if meanwhile is not None:
            _second_name(state_file, state_copy)
            replace_file(state_file, meanwhile, stem.with_name(f"{_new_mark()}.{stem.name}{_STATE}"), is_awaited=False)
    except BaseException:
        if meanwhile is None or _content(state_file) != meanwhile:
            _remove([*copies.values(), state_copy])
        raise
    start = _identity(state_file)
    try:
        yield
    except BaseException:
        if _identity(state_file) != start:
            _remove([*copies.values(), state_copy])
        else:
            _put_back(copies, state_file, state_copy)
            leftovers.remove()
        raise
    if meanwhile is not None and _identity(state_file) == start:
        os.replace(state_copy, state_file)
    _remove([*copies.values(), state_copy])
    with contextlib.suppress(OSError):  # a failure here does no harm
        _remove_left_behind(stem, additional)


def _called_latest(stem: Path, state_file: Path) -> CheckpointFiles | None:
    """Returns the checkpoint of that stem if the state file names it as the latest and it is complete."""
    try:
        found = find_checkpoint(prefix_path(read_checkpoint_state(state_file).model_checkpoint_path))
    except ArtifactError:
        return None  # no state file, or nothing to keep
    if found is None or found.problems or _place(found.stem) != _place(stem):
        return None
    return found


def _all_files(found: CheckpointFiles) -> tuple[Path, ...]:
    meta = beside(found.stem, META)
    return (*found.tables, *found.data, *([meta] if meta.is_file() else []))


def _place(path: Path) -> Path:
    return path.parent.resolve() / path.name


def _new_mark() -> str:
    return f"earlier-{os.urandom(4).hex()}"


def _second_name(path: Path, copy: Path) -> None:
    """Links a file, or copies it: if links cannot be made, and indexes, since these may be written in place."""
    if path.suffix != ".index":
        with contextlib.suppress(OSError):
            os.link(path, copy)
            return
    shutil.copyfile(path, copy)


def _renamed_state(mark: str, state_file: Path, name: str) -> bytes:
    """Returns the content of a state file with its latest checkpoint renamed.

    Args:
        mark: the prefix of its new name.
        state_file: the state file.
        name: the last part of the checkpoint's prefix, if the state file spells it so.
    """
    message = read_message(state_file, CHECKPOINT_STATE)
    latest = message.model_checkpoint_path
    if not latest.endswith(name):
        name = re.split(r"[/\\]", latest)[-1]
    renamed = f"{latest.removesuffix(name)}{mark}.{name}"
    message.model_checkpoint_path = renamed
    paths = [renamed if path == latest else path for path in message.all_model_checkpoint_paths]
    message.all_model_checkpoint_paths[:] = paths
    return state_text(message)


def _put_back(copies: dict[Path, Path], state_file: Path, state_copy: Path) -> None:
    """Gives the earlier files their names again, then the state file; a failure is logged and hides no other error.

    Until the state file has its name again it names the copies, and these stay complete.
    """
    try:
        for path, copy in copies.items():
            _name_again(path, copy)
        with contextlib.suppress(FileNotFoundError):  # the state file was not replaced
            os.replace(state_copy, state_file)
        _remove(copies.values())
    except OSError as error:
        _logger.warning(
            "Not all files of the earlier checkpoint could be renamed back (%s). They are %s.",
            error,
            ", ".join(str(copy) for copy in copies.values() if copy.exists()),
        )


def _name_again(path: Path, copy: Path) -> None:
    """Gives a file its name again: by a link, by a copy if links cannot be made, by renaming if there is no space.

    Only in the last case, a process that is killed before the state file has its name again leaves it naming a missing
    file.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.samefile(copy):
            return
    again = path.with_name(f"{_new_mark()}.{path.name}")
    try:
        os.link(copy, again)
    except OSError:
        try:
            shutil.copyfile(copy, again)
        except OSError:
            _remove([again])
            again = copy
    os.replace(again, path)


def _remove_left_behind(stem: Path, additional: Sequence[Path]) -> None:
    """Removes second names of a checkpoint, of any step, that killed processes left, unless they are in use."""
    name = re.escape(_STEP.sub("", stem.name))
    endings = "|".join([*_ENDINGS, *(re.escape(path.name.removeprefix(stem.name)) for path in additional)])
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


def _identity(path: Path) -> tuple[int, int] | None:
    """Returns a value that changes when a file is written or replaced."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


class Leftovers:
    """The files of one save that did not exist before it started.

    Args:
        stem: the common start of the names of all files of the checkpoint.
        additional: the files that are written with it.
    """

    def __init__(self, stem: Path, additional: Sequence[Path]) -> None:
        self._folder, self._waiting = stem.parent, stem.with_name(f"{stem.name}_temp")
        own = f"{re.escape(start_of_names(stem))}({'|'.join(_CHECKPOINT_ENDINGS)})?"
        names = "|".join([own, *(re.escape(path.name) for path in additional)])
        self._pattern = re.compile(f"({names}){_UNFINISHED}", re.DOTALL)
        self._before = self._names()

    def _names(self) -> set[str] | None:
        try:
            return set(os.listdir(self._folder))
        except OSError:  # a directory may be writable and not readable
            return None

    def remove(self) -> None:
        """Removes them, as far as it can."""
        names = self._names()
        if names is None or self._before is None:
            return
        new = names - self._before
        for name in new:
            if self._pattern.fullmatch(name):
                _try_to_remove(self._folder / name)
        if self._waiting.name in new:
            with contextlib.suppress(OSError):
                for path in list(self._waiting.iterdir()):
                    if _WAITING.fullmatch(path.name):
                        _try_to_remove(path)
                self._waiting.rmdir()


def _try_to_remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
