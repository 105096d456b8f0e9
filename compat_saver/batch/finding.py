"""Finds the legacy models below a directory: each checkpoint once, of a training directory the latest.

Nothing is recognized by new rules: directories and files are looked at as every command looks at its SOURCE.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.errors import ArtifactError
from compat_saver.graph import from_graph_def
from compat_saver.model.pairing import read_graph
from compat_saver.sources import CheckpointSource, GraphDefSource, MetaGraphSource, SavedModelSource, resolve
from compat_saver.sources.checkpoint_files import META, list_checkpoints
from compat_saver.sources.directories import STATE_FILE, stands_for_a_file
from compat_saver.sources.kinds import is_saved_model

_GRAPHS_AND_KERAS = (".pb", ".pbtxt", META, ".h5", ".hdf5", ".keras")
"""Endings of the files that may be a model alone. Of checkpoints the bytes decide, for their names are free."""

_STEP = re.compile(r"-(\d+)$")


def find_models(root: Path, skip: Path, *, every_checkpoint: bool = False) -> Iterator[Path]:
    """Yields the paths of all models below a directory, in the order of their names; each is a SOURCE.

    A checkpoint that is damaged, or a Git LFS pointer in place of a file, is yielded as well: its migration says what
    is wrong with it.

    Args:
        root: where to look; hidden directories and symbolic links to directories are left out.
        skip: a directory that is not looked into: that of the outputs.
        every_checkpoint: whether all checkpoints of a training directory are wanted rather than the latest.
    """
    for folder, inner, names in os.walk(root):
        directory = Path(folder)
        if directory.resolve() == skip.resolve():
            inner.clear()
            continue
        if is_saved_model(directory):
            inner.clear()
            yield directory
            continue
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        checkpoints = list(_checkpoints(directory, every_checkpoint))
        yield from checkpoints
        yield from _alone(directory, sorted(names), beside_checkpoints=bool(checkpoints))


def _checkpoints(directory: Path, every: bool) -> Iterator[Path]:
    """Cases: all of them; the latest by the state file; the latest of each name; what cannot be listed."""
    try:
        prefixes = list_checkpoints(directory)
        if not every and prefixes and (directory / STATE_FILE).is_file():
            found = resolve(f"{directory}/")
            yield found.prefix if isinstance(found, CheckpointSource) else directory
            return
    except (ArtifactError, OSError):
        yield directory
        return
    yield from prefixes if every else _latest(prefixes)


def _latest(prefixes: Iterable[Path]) -> list[Path]:
    """Returns the checkpoint with the highest step of each name; `model.ckpt-200` is one of `model.ckpt`."""
    found: dict[Path, tuple[int, Path]] = {}
    for prefix in prefixes:
        step = _STEP.search(prefix.name)
        name = prefix.with_name(_STEP.sub("", prefix.name) or prefix.name)
        found[name] = max(found.get(name, (-1, prefix)), (int(step[1]) if step else 0, prefix))
    return sorted(prefix for _, prefix in found.values())


def _alone(directory: Path, names: Iterable[str], *, beside_checkpoints: bool) -> Iterator[Path]:
    """Yields the frozen graphs, Keras files and graphs without a checkpoint of a directory."""
    for name in names:
        path = directory / name
        if not name.startswith(".") and name.endswith(_GRAPHS_AND_KERAS) and _is_model(path, beside_checkpoints):
            yield path


def _is_model(path: Path, beside_checkpoints: bool) -> bool:
    """Cases: a graph beside checkpoints is theirs if it has variables; other files by what they are."""
    try:
        found = resolve(path)
        if isinstance(found, GraphDefSource | MetaGraphSource) and beside_checkpoints:
            return not any(variable_nodes(from_graph_def(read_graph(path).graph_def)))
    except ArtifactError:
        return stands_for_a_file(path)
    return not isinstance(found, CheckpointSource | SavedModelSource)
