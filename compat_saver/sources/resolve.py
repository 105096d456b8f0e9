"""What a path is: the one function that every command passes its SOURCE through."""

from __future__ import annotations

import dataclasses
from os import PathLike, fspath
from pathlib import Path

from compat_saver.errors import (
    ArtifactError,
    CompatSaverError,
    NotALegacyArtifactError,
    SourceNotFoundError,
    nearest_names,
)
from compat_saver.proto.checkpoint_state import read_checkpoint_state
from compat_saver.proto.files import require_message
from compat_saver.proto.recognize import CHECKPOINT_STATE, GRAPH_DEF, META_GRAPH_DEF, SAVED_MODEL
from compat_saver.sniff import Foreign, describe_archive, special_file
from compat_saver.sources.checkpoint_files import (
    INDEX,
    META,
    V1,
    beside,
    find_checkpoint,
    list_checkpoints,
    prefix_of_data,
    prefix_of_index,
    prefix_of_meta,
    prefix_of_v1_shard,
    prefix_path,
)
from compat_saver.sources.directories import (
    Identity,
    from_directory,
    from_saved_model,
    from_state,
    identify,
    not_a_checkpoint,
)
from compat_saver.sources.kinds import (
    CheckpointSource,
    GraphDefSource,
    Hdf5Source,
    KerasArchiveSource,
    MetaGraphSource,
    SavedModelSource,
    Source,
    is_saved_model,
    with_graph,
)
from compat_saver.sources.remote import local_path

_ANYTHING = "a checkpoint, a .meta, a frozen graph, a SavedModel or a Keras file"


def resolve(path: str | PathLike[str], *, prefers_prefix: bool = False) -> Source:
    """Returns what a path is, by the bytes that are there.

    Cases: a directory (see `from_directory`); a file, of a checkpoint or a graph; a prefix of a checkpoint; a prefix of
    which only the .meta is there. Where a directory and a checkpoint have the same name, the checkpoint is meant,
    unless the path ends with a slash.

    Args:
        path: the path.
        prefers_prefix: whether a V2 checkpoint of just that prefix is meant rather than a file of that name.

    Raises:
        SourceNotFoundError: nothing is there; the message names what is nearest.
        NotALegacyArtifactError: something else is there: a Git LFS pointer, a web page, an empty file, ...
        FormatError: it is damaged or cut short.
        ArtifactError: it cannot be read, or several things could be meant.
    """
    try:
        path = local_path(path)
        is_folder = fspath(path).endswith("/")
        if prefers_prefix and (found := _of_prefix(prefix_path(fspath(path)))) is not None:
            return found
        return _resolve(Path(path), is_folder)
    except OSError as error:
        if isinstance(error, CompatSaverError):
            raise
        raise ArtifactError(f"{fspath(path)}: cannot be read ({error}).") from error


def resolve_checkpoint(path: str | PathLike[str], meta_graph: str | PathLike[str] | None = None) -> CheckpointSource:
    """Returns the checkpoint that a path leads to; a SavedModel leads to its variables.

    A prefix that is there is meant, also where a file of another checkpoint has that name: `model.meta`, for instance.

    Args:
        path: as for `resolve`.
        meta_graph: the graph's file, where it is not the one beside the checkpoint.

    Raises:
        ArtifactError: as for `resolve`, and where the path is something without a checkpoint.
    """
    found = resolve(path, prefers_prefix=True)
    if isinstance(found, SavedModelSource) and found.variables is not None:
        found = with_graph(found.path, found.variables, notes=found.notes)
    if isinstance(found, CheckpointSource):
        return found if meta_graph is None else dataclasses.replace(found, meta=Path(meta_graph), no_meta="")
    if isinstance(found, MetaGraphSource):
        stem = found.path.name.removesuffix(META)
        raise SourceNotFoundError(
            f"{found.path}: this is a graph alone; its checkpoint ({stem}.index and {stem}.data-*, or a V1 file "
            f"{stem}) is not beside it. Copy it there, or pass it as the source, and this with --meta-graph "
            "(meta_graph= in Python)."
        )
    what = {"graph_def": "a GraphDef alone", "hdf5": "an HDF5 file (Keras)", "keras": "a .keras file"}.get(
        found.kind, "a SavedModel without variables"
    )
    raise NotALegacyArtifactError(
        f"{found.path}: expected a checkpoint, found {what}. {' '.join(found.notes)}".rstrip()
    )


def _of_prefix(path: Path) -> Source | None:
    if not path.name or not beside(path, INDEX).is_file():
        return None
    files = find_checkpoint(path)
    return None if files is None else with_graph(path, files)


def _resolve(path: Path, is_folder: bool) -> Source:
    if path.is_dir():
        files = None if is_folder else find_checkpoint(path)
        if files is None:
            return from_directory(path)
        return with_graph(path, files, notes=(f"There is a directory {path} as well; {path}/ would mean that.",))
    if path.is_file():
        return _from_file(path)
    files = find_checkpoint(path)
    if files is not None:
        return with_graph(path, files)
    meta = path.with_name(path.name + META)
    if meta.is_file():
        return _from_file(meta)
    if special := special_file(path):
        raise NotALegacyArtifactError(f"{path}: expected {_ANYTHING}, found {special}. Copy what it gives into a file.")
    raise _not_found(path)


def _from_file(path: Path) -> Source:
    """Cases: a data shard, whose bytes are anything; a table; a message; HDF5; archives and more; the unknown."""
    data_prefix, index_prefix = prefix_of_data(path), prefix_of_index(path)
    if data_prefix is not None and (files := find_checkpoint(data_prefix)) is not None:
        return with_graph(path, files)
    identity = identify(path)
    if identity.table is not None:
        return _from_table(path, identity.table)
    if identity.message is not None:
        return _from_message(path, identity)
    if identity.foreign is not None and identity.foreign.kind == "hdf5":
        return Hdf5Source(path, (f"{path.name} is {identity.foreign.what}. {identity.foreign.advice}",))
    if identity.foreign is not None:
        return _from_archive(path, identity.foreign)
    if data_prefix is not None:
        raise SourceNotFoundError(
            f"{data_prefix}.index: the index of the data shard {path.name} is missing, and without it the content "
            "of the shard is unknown. Copy it from where the checkpoint was written."
        )
    if index_prefix is not None and (files := find_checkpoint(index_prefix)) is not None:
        return with_graph(path, files)
    if is_saved_model(path.parent):
        raise NotALegacyArtifactError(f"{path}: this file belongs to a SavedModel; pass the directory: {path.parent}")
    raise not_a_checkpoint(path, _ANYTHING)


def _from_archive(path: Path, foreign: Foreign) -> KerasArchiveSource:
    """Cases: a .keras file; another archive that has a name; anything else that is known and of no use."""
    found = describe_archive(path) if foreign.kind == "zip" else foreign
    if found.kind == "keras":
        return KerasArchiveSource(path, (f"{path.name} is {found.what}. {found.advice}",))
    raise found.error(path, _ANYTHING)


def _from_table(path: Path, version: str) -> CheckpointSource:
    """Cases: V1, whole or a shard; a V2 index; a V2 index whose name no longer leads to its data."""
    index_prefix = prefix_of_index(path)
    if version == V1:
        shard_prefix = prefix_of_v1_shard(path)
        files = find_checkpoint(shard_prefix) if shard_prefix is not None else None
        files = find_checkpoint(path) if files is None else files
    else:
        files = find_checkpoint(index_prefix) if index_prefix is not None else None
    if files is not None:
        return with_graph(path, files)
    without_index = {
        prefix.name
        for item in path.parent.iterdir()
        if (prefix := prefix_of_data(item)) is not None and not beside(prefix, INDEX).is_file()
    }
    name = without_index.pop() if len(without_index) == 1 else "PREFIX"
    raise ArtifactError(
        f"{path}: this is the index of a V2 checkpoint under a name that does not lead to its data shards. "
        f"Rename it to {name}.index, beside {name}.data-00000-of-00001 and so on."
    )


def _from_message(path: Path, identity: Identity) -> Source:
    if identity.message == META_GRAPH_DEF:
        prefix = prefix_of_meta(path)
        files = None if prefix is None else find_checkpoint(prefix)
        return MetaGraphSource(path) if files is None else with_graph(path, files)
    if identity.message == GRAPH_DEF:
        return GraphDefSource(path, identity.is_text)
    if identity.message == SAVED_MODEL:
        return from_saved_model(path)
    require_message(path, CHECKPOINT_STATE)
    return from_state(path, read_checkpoint_state(path))


def _not_found(path: Path) -> SourceNotFoundError:
    """Cases: data shards without their index; a directory that is there; one that is not."""
    directory = path.parent
    if not directory.is_dir():
        there = next(parent for parent in directory.parents if parent.is_dir())
        missing = directory.relative_to(there).parts[0] if directory != there else directory.name
        hint = nearest_names(missing, (item.name for item in there.iterdir()))
        return SourceNotFoundError(f"{path}: there is no directory {there / missing}{hint or '.'}")
    names = {item.name for item in directory.iterdir()}
    if any((prefix := prefix_of_data(path.with_name(name))) and prefix.name == path.name for name in names):
        return SourceNotFoundError(
            f"{path}.index: the data shards of {path.name} are there and their index is not. "
            "Copy it from where the checkpoint was written; without it the content of the shards is unknown."
        )
    known = {prefix.name for prefix in list_checkpoints(directory)} | {
        name for name in names if prefix_of_data(Path(name)) is None and prefix_of_index(Path(name)) is None
    }
    return SourceNotFoundError(
        f"{path}: there is no such file, directory or checkpoint{nearest_names(path.name, sorted(known)) or '.'}"
    )
