"""Reads a protobuf message from a file, binary or text, with errors that explain what is wrong, and replaces files."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath

from google.protobuf.message import DecodeError

from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, SourceNotFoundError
from compat_saver.proto import messages
from compat_saver.proto.messages import Message
from compat_saver.proto.recognize import (
    CHECKPOINT_STATE,
    GRAPH_DEF,
    META_GRAPH_DEF,
    SAVED_MODEL,
    Recognized,
    recognize,
)
from compat_saver.proto.wire import WireError, fields
from compat_saver.sniff import HEAD, describe_bytes, special_file

_LARGEST = (1 << 31) - 1
_PARSED_AT_ONCE = 1 << 26
"""In bytes: a larger file is parsed in parts, so that it is not in memory twice."""
_CUT_SHORT = "The file is damaged or cut short; copy it again."
_ARTICLES = {
    GRAPH_DEF: "a GraphDef (a graph alone, often a frozen one)",
    META_GRAPH_DEF: "a MetaGraphDef (what a .meta file holds)",
    SAVED_MODEL: "a SavedModel",
    CHECKPOINT_STATE: "a checkpoint state file",
}
_WHERE_IT_BELONGS = {
    GRAPH_DEF: "Pass it as the source itself.",
    META_GRAPH_DEF: "Pass it as the meta graph of its checkpoint.",
    SAVED_MODEL: "Pass its directory as the source.",
    CHECKPOINT_STATE: "Pass its directory as the source.",
}


def read_graph_def(path: str | PathLike[str], into: Message | None = None) -> Message:
    """Returns the GraphDef in a .pb or .pbtxt file.

    Args:
        path: the file.
        into: as `read_message`.

    Raises:
        ArtifactError: as `read_message`.
    """
    return read_message(path, GRAPH_DEF, into)


def read_saved_model(path: str | PathLike[str]) -> Message:
    """Returns the SavedModel in a saved_model.pb or saved_model.pbtxt file.

    Raises:
        ArtifactError: as `read_message`.
    """
    return read_message(path, SAVED_MODEL)


def read_message(path: str | PathLike[str], wanted: str, into: Message | None = None) -> Message:
    """Returns the message in a file, recognized by its bytes.

    A file is mapped, not read, until it shows to be what is wanted; a data shard of gigabytes costs a few pages.

    Args:
        path: the file.
        wanted: "MetaGraphDef", "GraphDef", "SavedModel" or "CheckpointState".
        into: the empty message to read it into, perhaps a part of another, which costs no copy; a new one by default.

    Raises:
        SourceNotFoundError: there is no such file.
        NotALegacyArtifactError: it holds something else; the message names it.
        FormatError: it is damaged, cut short, or larger than the two gigabytes of a protobuf message.
        ArtifactError: it is a directory or cannot be read.
    """
    where = fspath(path)
    with mapped(where) as data:
        form = _required(where, data, wanted)
        if len(data) > _LARGEST:
            raise FormatError(
                "too large", path=where, expected=f"at most {_LARGEST:,} bytes", found=f"{len(data):,} bytes"
            )
        message = getattr(messages, wanted)() if into is None else into
        if form.is_text:
            _parse_text(data[:], wanted, where, message)
        else:
            _parse_binary(data, wanted, where, message)
        return message


def require_message(path: str | PathLike[str], wanted: str) -> Recognized:
    """Looks at a file's first fields and returns the form of the message in it.

    Raises:
        SourceNotFoundError: there is no such file.
        NotALegacyArtifactError: it holds something else; the message names it.
        ArtifactError: it is a directory or cannot be read.
    """
    with mapped(fspath(path)) as data:
        return _required(fspath(path), data, wanted)


@contextmanager
def mapped(path: str) -> Iterator[bytes | mmap.mmap]:
    """Gives a file's bytes without reading them.

    Raises:
        SourceNotFoundError: there is no such file.
        NotALegacyArtifactError: it is a pipe, a socket or a device.
        ArtifactError: it is a directory or cannot be read.
    """
    if special := special_file(path):
        raise NotALegacyArtifactError(f"{path}: expected a file, found {special}. Copy what it gives into a file.")
    try:
        with open(path, "rb") as file:
            # An empty file cannot be mapped.
            size = os.fstat(file.fileno()).st_size
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{path}: there is no such file.") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read as a file ({error}).") from error
    try:
        yield data
    finally:
        if isinstance(data, mmap.mmap):
            data.close()


def _required(path: str, data: bytes | mmap.mmap, wanted: str) -> Recognized:
    form, expected = recognize(data), _ARTICLES[wanted]
    if form is not None and form.message == wanted:
        return form
    if form is not None:
        raise NotALegacyArtifactError(
            f"{path}: expected {expected}, found {_ARTICLES[form.message]}. {_WHERE_IT_BELONGS[form.message]}"
        )
    foreign = describe_bytes(data[:HEAD], len(data))
    if foreign is not None:
        raise foreign.error(path, expected)
    raise NotALegacyArtifactError(
        f"{path}: expected {expected}, found bytes of no known kind (first bytes {data[:8].hex(' ')}). "
        "Pass the file that the TF1 program wrote, or copy it again if this should be it."
    )


def _parse_binary(data: bytes | mmap.mmap, wanted: str, path: str, message: Message) -> None:
    try:
        # Read, for what is taken from a mapped file counts as memory until the file is closed.
        with open(path, "rb") as file:
            for size in _part_sizes(data):
                message.MergeFromString(file.read(size))
    except (DecodeError, WireError) as error:
        raise _why_unreadable(data, wanted, path, str(error)) from error


def _part_sizes(data: bytes | mmap.mmap) -> Iterator[int]:
    """Yields the sizes of the parts that a message is parsed in: whole fields, in their order."""
    start = 0
    if len(data) > _PARSED_AT_ONCE:
        for field in fields(data):
            if field.end - start >= _PARSED_AT_ONCE:
                yield field.end - start
                start = field.end
    if start < len(data):
        yield len(data) - start


def _why_unreadable(data: bytes | mmap.mmap, wanted: str, path: str, complaint: str) -> FormatError:
    """Cases: a field that claims bytes behind the end, bytes that are no field, a field that is broken inside."""
    try:
        for field in fields(data):
            if field.end > len(data):
                return FormatError(
                    f"field {field.number} of the {wanted} is cut short",
                    path=path,
                    offset=field.at,
                    expected=f"a file of at least {field.end:,} bytes",
                    found=f"{len(data):,}",
                    hint=_CUT_SHORT,
                )
    except WireError as error:
        found, offset = str(error), error.offset
        return FormatError(
            "damaged", path=path, offset=offset, expected=f"a field of a {wanted}", found=found, hint=_CUT_SHORT
        )
    return FormatError("damaged", path=path, expected=f"a {wanted}", found=complaint, hint=_CUT_SHORT)


def _parse_text(data: bytes, wanted: str, path: str, message: Message) -> None:
    """Reads the message in protobuf's text form; unknown fields are skipped.

    Raises:
        FormatError: it is not well-formed; the message names the place.
    """
    from google.protobuf import text_format  # 10 ms that binary files never need

    try:
        # As str, because the parser decodes bytes line by line.
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        # Of a field that is there twice the last counts, as for TensorFlow.
        text_format.Merge(text, message, allow_unknown_field=True)
    except UnicodeDecodeError as error:
        raise FormatError(
            "text that is not UTF-8", path=path, offset=error.start, expected=f"a {wanted} as text", found=str(error)
        ) from error
    except text_format.ParseError as error:
        raise FormatError(
            "text that cannot be parsed", path=path, expected=f"a {wanted}", found=str(error), hint=_CUT_SHORT
        ) from error
    except RecursionError:
        raise FormatError(
            "text that cannot be parsed", path=path, expected=f"a {wanted}", found="braces in braces without end"
        ) from None


def replace_file(
    path: str | PathLike[str], content: bytes, temporary: str | PathLike[str], *, is_awaited: bool
) -> None:
    """Replaces a small file in one step: written beside and renamed, it appears complete or stays as it was.

    Args:
        path: the file.
        content: what it is to hold.
        temporary: a new name in the same directory; nothing is left under it, unless the process is killed.
        is_awaited: whether to wait until the disk has the content.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        # Not tempfile: its files are for their owner alone, and these are for whoever may read the directory.
        with open(temporary, "xb") as file:
            file.write(content)
            if is_awaited:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
