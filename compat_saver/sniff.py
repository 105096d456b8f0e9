"""Recognizes files that are not what their name promises, by their first bytes.

Checkpoints are passed on through Git, web downloads and renaming, and each has its own way to put something else in
their place.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath

from compat_saver.errors import NotALegacyArtifactError

HEAD = 4096
"""How many leading bytes `describe_bytes` wants to see; with fewer it recognizes less."""


@dataclass(frozen=True)
class Foreign:
    """What was found in place of an artifact.

    Attributes:
        kind: one word: "empty", "git-lfs", "html", "hdf5", ...
        what: the same for messages, with its article: "a Git LFS pointer".
        advice: what to do about it, a sentence.
    """

    kind: str
    what: str
    advice: str

    def error(self, path: str | PathLike[str], wanted: str) -> NotALegacyArtifactError:
        """Returns the exception that names what is at a path where something else was expected."""
        return NotALegacyArtifactError(f"{fspath(path)}: expected {wanted}, found {self.what}. {self.advice}")


_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special_file(path: str | PathLike[str]) -> str:
    """Names a pipe, a socket or a device, whose reading may never end; "" for anything else, also for nothing."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return ""
    return next((what for is_kind, what in _SPECIAL if is_kind(mode)), "")


def describe_bytes(head: bytes, size: int) -> Foreign | None:
    """Names a file that is neither a checkpoint's table nor a binary graph, from its first bytes.

    Text protobufs are named as well, for a reader of tables; a reader of text protobufs looks for them first.

    Args:
        head: the first HEAD bytes of the file, or all of it where it is shorter.
        size: the size of the whole file.

    Returns:
        None for bytes that show nothing: an artifact, or something unknown.
    """
    if size == 0:
        return Foreign("empty", "an empty file", f"Copying or saving it was cut short. {_GET_AGAIN}")
    return next((found for check in _CHECKS if (found := check(head)) is not None), None)


_GET_AGAIN = "Download or copy the file itself again."


def _git_lfs(head: bytes) -> Foreign | None:
    if not head.startswith(b"version https://git-lfs.github.com"):
        return None
    size = re.search(rb"^size (\d+)", head, re.MULTILINE)
    stands_for = f" to a file of {int(size[1]):,} bytes" if size else ""
    return Foreign(
        "git-lfs",
        f"a Git LFS pointer{stands_for}",
        "Run `git lfs install` and `git lfs pull` in its repository; a plain clone brings the pointer only.",
    )


def _summary_events(head: bytes) -> Foreign | None:
    # A TFRecord: eight bytes of length, four of CRC, then the Event that names its format.
    if b"brain.Event:" not in head[:64]:
        return None
    return Foreign("events", "a TensorBoard event file", "It holds summaries; pass the checkpoint beside it.")


_UNPACK = "Unpack it and pass what is in it."
_KERAS = (
    "It holds Keras layers, and no graph. `compat-saver migrate FILE OUT.keras` makes a file of Keras 3 of a whole "
    "model. To put its weights into a model built in code, or into variables, call "
    "`compat_saver.load_into(model, FILE)`."
)
_KERAS_3 = (
    "It holds a model of Keras, and no graph. Keras 3 opens what it wrote: `model = keras.models.load_model(FILE)`; "
    "`compat_saver.Saver(model.weights).save(None, PREFIX)` saves its weights for programs of TensorFlow."
)
_BASELINES = (
    "Its member `parameters` is an .npz file: unpack it, rename it to parameters.npz, and "
    "`compat-saver checkpoint import parameters.npz PREFIX` makes a checkpoint of it."
)
_NPZ = "`compat-saver checkpoint import FILE PREFIX` makes a checkpoint of it."
_PICKLE = (
    "Unpickling runs code, so it is not opened here. If you trust it, load it in Python and write its arrays with "
    '`numpy.savez("weights.npz", **{name: array})`; `compat-saver checkpoint import weights.npz PREFIX` makes a '
    "checkpoint of them."
)
_PASS_ORIGIN = "Pass the checkpoint or SavedModel that it was made from."

# offset, pattern of the bytes there, kind, what, advice. A snappy-compressed table may start with nearly any two bytes,
# so a pattern goes on to a byte that cannot open its first element: one whose two low bits are not both zero.
_MAGICS = (
    (0, rb"\x89HDF\r\n\x1a\n", "hdf5", "an HDF5 file (Keras)", _KERAS),
    (0, rb"PK\x03\x04", "zip", "a ZIP archive", _UNPACK),
    (0, rb"\x1f\x8b", "gzip", "a gzip archive", _UNPACK),
    (0, rb"BZh", "bzip2", "a bzip2 archive", _UNPACK),
    (0, rb"\xfd7zXZ\x00", "xz", "an xz archive", _UNPACK),
    (0, rb"7z\xbc\xaf\x27\x1c", "7z", "a 7-Zip archive", _UNPACK),
    (0, rb"Rar!\x1a\x07", "rar", "a RAR archive", _UNPACK),
    (257, rb"ustar", "tar", "a tar archive", _UNPACK),
    (0, rb"\x93NUMPY", "npy", "a numpy .npy file", _PASS_ORIGIN),
    (4, rb"TFL3", "tflite", "a TensorFlow Lite model", _PASS_ORIGIN),
    (0, rb"\x80[\x02-\x05][\x95}\]c]", "pickle", "a Python pickle", _PICKLE),
    (0, rb"%PDF-", "pdf", "a PDF document", _GET_AGAIN),
)


def _magic(head: bytes) -> Foreign | None:
    for offset, pattern, *described in _MAGICS:
        if re.compile(pattern, re.DOTALL).match(head, offset):
            return Foreign(*described)
    return None


ZIP_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError),
    RuntimeError,  # of an encrypted member; NotImplementedError, a subclass, of an unknown compression
)
"""What zipfile raises on an archive that it cannot read."""

# Names of members that tell archives apart, kind, what, advice; the first whose names are all there.
_ARCHIVES = (
    (("config.json", "metadata.json", "model.weights.h5"), "keras", "a .keras file", _KERAS_3),
    (("data", "parameter_list", "parameters"), "stable-baselines", "a model of stable-baselines", _BASELINES),
    (("data", "policy.pth"), "stable-baselines3", "a model of stable-baselines3, which is PyTorch's", _PASS_ORIGIN),
)


def describe_archive(path: str | PathLike[str]) -> Foreign:
    """Names a ZIP archive by its members."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except ZIP_DAMAGE as error:
        return Foreign("zip", f"a ZIP archive that is damaged ({error})", _GET_AGAIN)
    for members, *described in _ARCHIVES:
        if names.issuperset(members):
            return Foreign(*described)
    if names and all(name.endswith(".npy") for name in names):
        return Foreign("npz", "a numpy .npz file", _NPZ)
    return Foreign("zip", "a ZIP archive", _UNPACK)


def _zeros(head: bytes) -> Foreign | None:
    if any(head):
        return None
    return Foreign("zeros", "nothing but zero bytes", f"The copy or the download failed. {_GET_AGAIN}")


_WEB = "A download saved it in place of the file: an error, a login or a preview page. Use the link of the raw file."
_TEXTS = (
    (rb"<!doctype html|<html|<head", "html", "an HTML page", _WEB),
    (rb"<\?xml|<error", "xml", "an XML document", _WEB),
    (rb"40[0-9][: ]|not found|access denied|http/\d", "http-error", "the error message of a web server", _WEB),
    (rb"model_checkpoint_path\s*:", "checkpoint-state", "a checkpoint state file", "Pass its directory."),
    (
        rb"(node|versions|meta_info_def|graph_def|meta_graphs)\s*[:{]|saved_model_schema_version\s*:",
        "text-graph",
        "a graph in protobuf's text form",
        "Pass it as the graph, and the checkpoint as the checkpoint.",
    ),
    (rb"[{\[]\s*[\"{\[\]}]", "json", "a JSON document", "Pass the checkpoint that it belongs to."),
)


def _text(head: bytes) -> Foreign | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for pattern, *described in _TEXTS:
        if re.match(pattern, start):
            return Foreign(*described)
    return None


_CHECKS: tuple[Callable[[bytes], Foreign | None], ...] = (_git_lfs, _summary_events, _magic, _zeros, _text)
