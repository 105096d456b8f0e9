"""What one file holds, by its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from compat_saver.errors import NotALegacyArtifactError
from compat_saver.proto.files import mapped
from compat_saver.proto.recognize import recognize
from compat_saver.sniff import HEAD, Foreign, describe_bytes
from compat_saver.sources.checkpoint_files import table_version


@dataclass(frozen=True)
class Identity:
    """What a file was recognised as; at most one of the attributes is set.

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


def not_a_checkpoint(path: Path, wanted: str = "a checkpoint") -> NotALegacyArtifactError:
    """Returns the exception that says what a file is that should be something else."""
    identity = identify(path)
    if identity.foreign is not None:
        return identity.foreign.error(path, wanted)
    if identity.message is not None:
        return NotALegacyArtifactError(f"{path}: expected {wanted}, found a {identity.message}.")
    with path.open("rb") as file:
        head = file.read(8)
    return NotALegacyArtifactError(
        f"{path}: expected {wanted}, found bytes of no known kind (beginning with {head.hex(' ')}). "
        "If it should be one, it is damaged or cut short; copy it again."
    )
