import pytest

from compat_saver.sniff import describe_bytes

KINDS = [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs"),
    (b"\xef\xbb\xbf  <!DOCTYPE HTML>", "html"),
    (b"<html lang='en'>", "html"),
    (b"<?xml version='1.0'?><Error>", "xml"),
    (b"404: Not Found", "http-error"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh9", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"name".ljust(257, b"\x00") + b"ustar", "tar"),
    (b"\x93NUMPY\x01\x00", "npy"),
    (b"\x1c\x00\x00\x00TFL3", "tflite"),
    (b"\x80\x04\x95\x10", "pickle"),
    (b"\x80\x02}q", "pickle"),
    (b"%PDF-1.4", "pdf"),
    (b"\x00" * 8, "zeros"),
    (b'model_checkpoint_path: "m"', "checkpoint-state"),
    (b"node {\n", "text-graph"),
    (b'{\n  "a": 1}', "json"),
    (b"[]", "json"),
]


@pytest.mark.parametrize(("head", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_kinds(head, kind):
    found = describe_bytes(head, len(head))
    assert found is not None
    assert found.kind == kind
    assert found.what
    assert found.advice.endswith((".", "`."))


def test_empty():
    assert describe_bytes(b"", 0).kind == "empty"


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x00\x06\x08\x01\x1a\x02\x08\x01",  # a V2 index
        b"\x80\x02\xf0\x00\x00\x06\x08\x01",  # one whose first block is compressed and 256 bytes long
        b"\x80\x02\x28\x00\x00\x06\x08\x01",
        b"\x00\x00\xfa\x0f\x0a\xf7\x0f",  # a V1 checkpoint
        b"\x0a\x1d\x0a\x01X\x12\x0bPlaceholder",  # a GraphDef
        b"hello",
    ],
)
def test_artifacts_and_the_unknown_are_not_foreign(head):
    assert describe_bytes(head, 1000) is None


def test_the_sentence_of_the_error():
    found = describe_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 9876\n", 54)
    assert str(found.error("a/m.index", "a checkpoint's index")) == (
        "a/m.index: expected a checkpoint's index, found a Git LFS pointer to a file of 9,876 bytes. "
        "Run `git lfs install` and `git lfs pull` in its repository; a plain clone brings the pointer only."
    )
