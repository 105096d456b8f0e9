"""What one file holds, by its bytes, and which source a directory of files is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compat_saver.errors import ArtifactError, NotALegacyArtifactError, SourceNotFoundError, phrases_and_more
from compat_saver.proto.checkpoint_state import CheckpointState, read_checkpoint_state
from compat_saver.proto.files import mapped, require_message
from compat_saver.proto.recognize import GRAPH_DEF, META_GRAPH_DEF, SAVED_MODEL, recognize
from compat_saver.sniff import HEAD, Foreign, describe_bytes
from compat_saver.sources.checkpoint_files import (
    find_checkpoint,
    list_checkpoints,
    prefix_of_data,
    prefix_path,
    table_version,
)
from compat_saver.sources.kinds import (
    SAVED_MODEL_FILES,
    CheckpointSource,
    HubModuleSource,
    MetaGraphSource,
    SavedModelSource,
    Source,
    is_saved_model,
    with_graph,
)


@dataclass(frozen=True)
class Identity:
    """What a file was recognized as; at most one of the attributes is set.

    Attributes:
        table: "V1" or "V2" for a checkpoint's table.
        message: "MetaGraphDef", "GraphDef", "SavedModel" or "CheckpointState".
        foreign: what else it is.
        is_text: whether the message is in protobuf's text form.
    """

    table: str | None = None
    message: str | None = None
    foreign: Foreign | None = None
    is_text: bool = False


def identify(path: Path) -> Identity:
    """Returns what a file holds; nothing is set for bytes that show nothing.

    Raises:
        ArtifactError: it cannot be read.
    """
    version = table_version(path)
    if version is not None:
        return Identity(table=version)
    with mapped(str(path)) as data:
        form = recognize(data)
        if form is not None:
            return Identity(message=form.message, is_text=form.is_text)
        return Identity(foreign=describe_bytes(data[:HEAD], len(data)))


def stands_for_a_file(path: Path) -> bool:
    """Whether a file is what a failed copy leaves in place of another: a Git LFS pointer, a web page, nothing."""
    foreign = identify(path).foreign if path.is_file() else None
    return foreign is not None and foreign.kind in _IMPOSTORS


def not_a_checkpoint(path: Path, wanted: str = "a checkpoint") -> NotALegacyArtifactError:
    """Returns the exception that names what a file is instead of what it should be."""
    identity = identify(path)
    if identity.foreign is not None:
        return identity.foreign.error(path, wanted)
    if identity.message is not None:
        return NotALegacyArtifactError(f"{path}: expected {wanted}, found a {identity.message}.")
    with path.open("rb") as file:
        head = file.read(8)
    return NotALegacyArtifactError(
        f"{path}: expected {wanted}, found bytes of no known kind (first bytes {head.hex(' ')}). "
        "If it should be one, it is damaged or cut short; copy it again."
    )


STATE_FILE = "checkpoint"
_HUB_FILE = "tfhub_module.pb"
_MOST_SHOWN = 20
# What stands in place of a checkpoint; a directory may rightly hold JSON, archives and event files.
_IMPOSTORS = ("git-lfs", "html", "http-error", "empty", "zeros", "hdf5")


def from_directory(path: Path) -> Source:
    """Returns the source that a directory is.

    Cases, first match: a SavedModel or Hub module; a state file and the checkpoint it names; the only checkpoint; the
    only meta graph.

    Raises:
        SourceNotFoundError: there is nothing of the kind in it.
        ArtifactError: there are several checkpoints and no state file that names the latest, or what is there is
            damaged or something else.
    """
    for name in SAVED_MODEL_FILES:
        if (path / name).is_file():
            return from_saved_model(path / name)
    state_file = path / STATE_FILE
    if state_file.is_file() and identify(state_file).table is None:
        return from_state(path, read_checkpoint_state(path))
    prefixes = list_checkpoints(path)
    if prefixes:
        return _only_checkpoint(path, prefixes, f"it has no `{STATE_FILE}` file that names the latest")
    return _only_meta_graph(path)


def from_saved_model(file: Path) -> SavedModelSource:
    """Returns the source of a SavedModel by its saved_model.pb or saved_model.pbtxt.

    Raises:
        ArtifactError: the file is damaged or something else.
    """
    require_message(file, SAVED_MODEL)
    variables = find_checkpoint(file.parent / "variables" / "variables")
    kind = HubModuleSource if (file.parent / _HUB_FILE).is_file() else SavedModelSource
    return kind(file.parent, file, variables, variables.problems if variables is not None else ())


def from_state(path: Path, state: CheckpointState) -> CheckpointSource:
    """Returns the latest checkpoint of a state file; where that is gone, the only one beside it, with a note.

    Raises:
        ArtifactError: the latest is gone, and there are several others or none.
    """
    latest = state.model_checkpoint_path
    files = find_checkpoint(prefix_path(latest))
    if files is not None:
        return with_graph(path, files, state=state, notes=tuple(_way_to(latest, state)))
    if Path(latest).is_file():
        raise not_a_checkpoint(Path(latest))
    directory = Path(state.path).parent
    gone = f"its state file names {os.path.basename(latest.replace(chr(92), '/'))}, which is not there"
    prefixes = list_checkpoints(directory)
    if not prefixes:
        raise SourceNotFoundError(
            f"{directory}: {gone}, nor is any other checkpoint. Copy the files of the checkpoint as well "
            "(PREFIX.index and PREFIX.data-*, or the V1 file)."
        )
    return _only_checkpoint(path, prefixes, gone, state)


def _way_to(latest: str, state: CheckpointState) -> Iterator[str]:
    """Yields notes on a checkpoint that is not where the state file is, or where it says."""
    written = {found: original for original, found in state.relocated}
    if latest in written:
        yield f"The state file names {written[latest]}; its files were found at {latest}."
    if not Path(latest).resolve().is_relative_to(Path(state.path).parent.resolve()):
        yield f"The state file {state.path} leads out of its directory, to {latest}."


def _only_checkpoint(
    path: Path, prefixes: list[Path], reason: str, state: CheckpointState | None = None
) -> CheckpointSource:
    if len(prefixes) > 1:
        shown = phrases_and_more([str(prefix) for prefix in prefixes], _MOST_SHOWN)
        raise ArtifactError(f"{path}: it holds {len(prefixes)} checkpoints, and {reason}. Pass one of them: {shown}")
    files = find_checkpoint(prefixes[0])
    if files is None:
        raise SourceNotFoundError(f"{prefixes[0]}: the checkpoint was removed while it was read.")
    notes = (f"In {path} {reason}; the only checkpoint there is taken: {prefixes[0].name}.",) if state else ()
    return with_graph(path, files, state=state, notes=notes)


def _only_meta_graph(path: Path) -> MetaGraphSource:
    """Cases: one meta graph; several; other things that could have been meant; impostors; nothing."""
    entries = sorted(path.iterdir())
    known = {entry: identify(entry) for entry in entries if entry.is_file() and prefix_of_data(entry) is None}
    metas = [entry for entry, identity in known.items() if identity.message == META_GRAPH_DEF]
    graphs = [entry for entry, identity in known.items() if identity.message == GRAPH_DEF]
    impostors = [
        f"{entry.name} is {identity.foreign.what}. {identity.foreign.advice}"
        for entry, identity in known.items()
        if identity.foreign is not None and identity.foreign.kind in _IMPOSTORS
    ]
    if len(metas) == 1 and not graphs:
        note = f"{path} holds no checkpoint, only the graph {metas[0].name}."
        return MetaGraphSource(metas[0], (note, *impostors))
    saved_models = [entry for entry in entries if entry.is_dir() and is_saved_model(entry)]
    others = [entry for entry in entries if entry.is_dir() and entry not in saved_models]
    with_state = [entry for entry in others if (entry / STATE_FILE).is_file()]
    candidates = [*metas, *graphs, *saved_models, *with_state]
    if candidates:
        advice = f"Pass one of these: {', '.join(str(item) for item in candidates[:_MOST_SHOWN])}"
    elif shards := sorted({prefix.name for entry in entries if (prefix := prefix_of_data(entry)) is not None}):
        advice = f"There are data shards of {', '.join(shards)}, but not the .index that lists what is in them."
    elif impostors:
        advice = " ".join(impostors[:_MOST_SHOWN])
    else:
        advice = "Pass a checkpoint (PREFIX or PREFIX.index), a .meta, a frozen graph, a SavedModel or a Keras file."
    raise SourceNotFoundError(f"{path}: the directory holds no checkpoint and no SavedModel. {advice}")
