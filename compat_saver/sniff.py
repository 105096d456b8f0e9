"""What bytes are, when they are not what the name of their file promises.

Checkpoints reach people through Git, web downloads and renaming, and each leaves its own kind of impostor. Everything
here goes by the first bytes; the only name that counts is the one inside the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compat_saver.errors import NotALegacyArtifactError

HEAD_SIZE = 4096
"""How many leading bytes `describe_bytes` wants to see; fewer are fine, it then recognises less."""

TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
"""The last eight bytes of every LevelDB table: a V2 index, or a V1 checkpoint or shard of one."""

_GET_AGAIN = "Download the file itself again."


@dataclass(frozen=True)
class Foreign:
    """What was found in place of a legacy artifact.

    Attributes:
        kind: one word: "empty", "git-lfs", "html", "hdf5", ...
        what: the same for people, with its article: "a Git LFS pointer (...)".
        advice: what to do about it, a sentence.
    """

    kind: str
    what: str
    advice: str

    def error(self, path: str | Path, wanted: str = "") -> NotALegacyArtifactError:
        """Returns the exception that says what lies at a path, and what was wanted there."""
        instead = f", not {wanted}" if wanted else ""
        return NotALegacyArtifactError(f"{path} is {self.what}{instead}. {self.advice}")


def describe_bytes(head: bytes, size: int) -> Foreign | None:
    """Names the content of a file that is no legacy TensorFlow artifact, from its first bytes.

    Args:
        head: the first bytes of the file, HEAD_SIZE of them or the whole file.
        size: the size of the whole file.

    Returns:
        None for bytes that nothing here knows: an artifact, or anything else.
    """
    if size == 0:
        return Foreign("empty", "an empty file", f"Copying or saving it was cut short. {_GET_AGAIN}")
    return next((found for check in _CHECKS if (found := check(head)) is not None), None)


def read_head(path: str | Path) -> tuple[bytes, int]:
    """Returns a file's first HEAD_SIZE bytes and its size: the arguments of `describe_bytes`."""
    with open(path, "rb") as file:
        return file.read(HEAD_SIZE), file.seek(0, 2)


def is_table(path: str | Path) -> bool:
    """Whether a file ends as every LevelDB table does."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(TABLE_MAGIC)))
        return file.read() == TABLE_MAGIC


def _git_lfs(head: bytes) -> Foreign | None:
    if not head.startswith(b"version https://git-lfs.github.com/spec/"):
        return None
    size = re.search(rb"^size (\d+)", head, re.MULTILINE)
    stands_for = f" to a file of {int(size[1]):,} bytes" if size else ""
    return Foreign(
        "git-lfs",
        f"a Git LFS pointer{stands_for}",
        "Run `git lfs install` and `git lfs pull` in its repository, or download the file from the web page of the "
        "repository; a plain clone or a raw link brings the pointer only.",
    )


def _web_page(head: bytes) -> Foreign | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return Foreign(
            "html", "an HTML page", "The link led to a web page about the file. Use the link of the raw file."
        )
    if start.startswith(b"<?xml"):
        return Foreign("xml", "an XML document", f"Storage services answer errors in XML. {_GET_AGAIN}")
    if re.match(rb"(http/\d|40[0-9]: |404 |not found|access denied)", start):
        line = start.splitlines()[0].decode("latin-1")
        return Foreign("http-error", f"the error message of a web server ({line!r})", _GET_AGAIN)
    return None


def _summary_events(head: bytes) -> Foreign | None:
    # A TFRecord: eight bytes of length, four of CRC, then the Event with its file version.
    if b"brain.Event:" not in head[:64]:
        return None
    return Foreign("events", "a TensorBoard event file", "It holds summaries. Pass the checkpoint that lies beside it.")


_KERAS = (
    "It holds Keras layers, not a TensorFlow checkpoint. Load it with tf_keras (`tf_keras.models.load_model`, or "
    "`load_weights` for a file of weights only) and save it from there with `model.export(...)`."
)

_MAGICS = (
    (0, b"\x89HDF\r\n\x1a\n", Foreign("hdf5", "an HDF5 file (Keras)", _KERAS)),
    (0, b"PK\x03\x04", Foreign("zip", "a ZIP archive (.zip, .keras, .npz, PyTorch)", "Unpack it and pass what was in it.")),
    (0, b"\x1f\x8b", Foreign("gzip", "a gzip archive", "Unpack it (`tar xzf` or `gunzip`) and pass what was in it.")),
    (0, b"BZh", Foreign("bzip2", "a bzip2 archive", "Unpack it (`tar xjf` or `bunzip2`) and pass what was in it.")),
    (0, b"\xfd7zXZ\x00", Foreign("xz", "an xz archive", "Unpack it (`tar xJf` or `unxz`) and pass what was in it.")),
    (257, b"ustar", Foreign("tar", "a tar archive", "Unpack it (`tar xf`) and pass what was in it.")),
    (0, b"\x93NUMPY", Foreign("npy", "a numpy array (.npy)", "Pass the checkpoint that it came from.")),
    (4, b"TFL3", Foreign("tflite", "a TensorFlow Lite model", "Pass the checkpoint or SavedModel that it was made from.")),
    (0, b"\x80\x02}", Foreign("pickle", "a Python pickle", "Pass the checkpoint that it came from.")),
    (0, b"%PDF-", Foreign("pdf", "a PDF document", _GET_AGAIN)),
)  # fmt: skip


def _magic(head: bytes) -> Foreign | None:
    return next((found for at, magic, found in _MAGICS if head[at : at + len(magic)] == magic), None)


_CHECKS: tuple[Callable[[bytes], Foreign | None], ...] = (_git_lfs, _web_page, _summary_events, _magic)
