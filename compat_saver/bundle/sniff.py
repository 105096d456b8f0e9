"""What a file really is that stands where a checkpoint or a graph was expected."""

from __future__ import annotations

HEAD = 512
"""How many bytes of a file `describe` wants to see."""

_MAGICS = (
    (b"version https://git-lfs.github.com", "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras weights or a whole Keras model)"),
    (b"PK\x03\x04", "a zip archive (or a .keras, .npz or .pt file, which are zip archives)"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"\x93NUMPY", "a numpy .npy file"),
    (b"%PDF-", "a PDF document"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"model_checkpoint_path:", "a checkpoint state file, which names checkpoints; give its directory or one it names"),
)

_TAR = (257, b"ustar")
_TFLITE = (4, b"TFL3")


def describe(head: bytes) -> str | None:
    """Returns what the first bytes of a file show it to be, in words that follow "it is"; None if they show nothing.

    Args:
        head: the first HEAD bytes of the file, or all of it where it is shorter.
    """
    if not head:
        return "an empty file"
    for magic, words in _MAGICS:
        if head.startswith(magic):
            return words
    if head.startswith(_TAR[1], _TAR[0]):
        return "a tar archive; unpack it first"
    if head.startswith(_TFLITE[1], _TFLITE[0]):
        return "a TensorFlow Lite model"
    if not any(head):
        return "nothing but zero bytes; the copy or the download failed"
    return _describe_text(head)


def _describe_text(head: bytes) -> str | None:
    """Cases: a web page, an XML or JSON error of a storage service, a text protobuf."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text:
        return "an HTML page, probably an error or login page saved by a download"
    if text.startswith((b"<?xml", b"<error")):
        return "an XML document, probably an error message saved by a download"
    if text.startswith((b"{", b"[")) and _is_text(head):
        return "a JSON document"
    if text.startswith((b"node {", b"node{", b"meta_info_def", b"saved_model_schema_version")):
        return "a graph in protobuf's text form"
    if text.startswith((b"404", b"not found", b"access denied")):
        return "an error message saved by a download"
    return None


def _is_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head)
