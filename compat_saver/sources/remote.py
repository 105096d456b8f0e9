"""Brings what a URL means to this machine: small files whole, the data of checkpoints as far as it is read.

gs://, s3://, https://, hf:// and all other protocols of fsspec lead to a directory of copies, which is removed when
Python ends.
Of a directory with a `checkpoint` state file only the latest checkpoint is looked at.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import tempfile
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from compat_saver.bundle.remote_files import file_system, remote_errors, stand_in, start_list
from compat_saver.errors import SourceNotFoundError
from compat_saver.proto.checkpoint_state import read_checkpoint_state
from compat_saver.sources.checkpoint_files import prefix_of_data
from compat_saver.sources.kinds import SAVED_MODEL_FILES

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
_STATE_FILE = "checkpoint"
_ENDINGS = (".index", ".meta", ".data-00000-of-00001")
"""What a checkpoint consists of where a server lists no files."""


def is_url(path: str | PathLike[str]) -> bool:
    """Whether a path is a URL."""
    return isinstance(path, str) and _URL.match(path) is not None


def local_path(path: str | PathLike[str]) -> str | PathLike[str]:
    """Returns a path as it is, and for a URL that of the copies.

    Raises:
        SourceNotFoundError: nothing is there.
        ArtifactError: it cannot be read, or fsspec is not installed.
    """
    return _copied(path) if isinstance(path, str) and is_url(path) else path


@functools.lru_cache(maxsize=64)
def _copied(url: str) -> Path:
    with remote_errors(url):
        system, name = file_system(url)
        target = _root() / url.partition("://")[0] / name.strip("/")
        is_folder = _is_folder(system, url, name)
        sizes = _files_in(system, name) if is_folder else _files_of(system, name)
        if not sizes:
            raise SourceNotFoundError(f"{url}: there is no such file, directory or checkpoint.")
        if is_folder:
            sizes = _latest(system, sizes, target)
        for file, size in sizes.items():
            below = file[len(name) :].strip("/") if is_folder else _base(file)
            if ".." not in below.split("/"):  # what a server lists may be anything
                _copy(system, file, size, (target if is_folder else target.parent) / below)
    return target


@functools.cache
def _root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="compat_saver-remote-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    start_list(root / "files.jsonl")
    return root


def _is_folder(system: Any, url: str, name: str) -> bool:
    """Cases: a URL that ends in a slash; of a web server no other, for it does not say; the rest."""
    return url.endswith("/") or (not url.startswith("http") and system.isdir(name))


def _base(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _files_in(system: Any, folder: str) -> dict[str, int]:
    """Returns name -> size of the files of a directory; of a SavedModel, also of those below it."""
    found = system.ls(folder, detail=True)
    names = {_base(item["name"]) for item in found}
    if names & {*SAVED_MODEL_FILES}:
        return {item: int(facts["size"] or 0) for item, facts in system.find(folder, detail=True).items()}
    return _sizes(system, [item["name"] for item in found if item["type"] == "file"])


def _files_of(system: Any, prefix: str) -> dict[str, int]:
    """Returns name -> size of a file, or of the files of a checkpoint with that prefix, and those beside the file."""
    folder, _, base = prefix.rpartition("/")
    stem = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", base)
    try:
        names = [item for item in system.ls(folder, detail=False) if re.match(rf"{re.escape(stem)}(\.|$)", _base(item))]
    except Exception:  # a server that lists nothing
        names = [f"{folder}/{stem}{ending}" for ending in ("", *_ENDINGS)]
    return _sizes(system, list(dict.fromkeys([*names, prefix])))


def _sizes(system: Any, names: list[str]) -> dict[str, int]:
    """Returns name -> size of those that are files."""
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            facts = system.info(name)
            if facts["type"] == "file":
                found[name] = int(facts["size"] or 0)
    return found


def _latest(system: Any, sizes: dict[str, int], target: Path) -> dict[str, int]:
    """Returns the files without those of other checkpoints than the latest one."""
    state = next((name for name in sizes if _base(name) == _STATE_FILE), None)
    if state is None:
        return sizes
    _copy(system, state, sizes[state], target / _STATE_FILE)
    latest = os.path.basename(read_checkpoint_state(target).model_checkpoint_path)
    return {
        name: size
        for name, size in sizes.items()
        if not re.search(r"\.(index|meta|data-\d{5}-of-\d{5})$", name) or _base(name).startswith(f"{latest}.")
    }


def _copy(system: Any, name: str, size: int, path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if prefix_of_data(path) is not None:
        stand_in(system.unstrip_protocol(name), path, size)
    else:
        system.get_file(name, fspath(path))
