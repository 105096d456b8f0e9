"""Which files a name leads to, and what is said when they are something else."""

import os

import numpy as np
import pytest

from compat_saver.bundle import BundleWriter, open_bundle
from compat_saver.errors import (
    ArtifactError,
    FormatError,
    NotALegacyArtifactError,
    SourceNotFoundError,
)
from tests.bundle.crafting import rewrite, sample, write_v1


def test_nothing_is_there(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"neither .*m\.index nor .*m exists"):
        open_bundle(tmp_path / "m")


def test_the_index_itself(bundle):
    assert open_bundle(f"{bundle}.index").prefix == str(bundle)


def test_an_index_of_another_name(bundle, tmp_path):
    os.rename(f"{bundle}.index", tmp_path / "renamed")
    with pytest.raises(NotALegacyArtifactError, match=r"index of a V2 checkpoint under another name"):
        open_bundle(tmp_path / "renamed")


def test_v1_under_the_name_of_an_index(tmp_path):
    write_v1(tmp_path / "m.index", {"x": sample("int32", ())})
    for name in ("m", "m.index"):
        assert open_bundle(tmp_path / name).version == "V1"


def test_v2_wins_over_a_v1_file_beside_it(tmp_path):
    write_v1(tmp_path / "m", {"x": sample("int32", ())})
    with BundleWriter(tmp_path / "m"):
        pass
    assert open_bundle(tmp_path / "m").version == "V2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>" * 2, "HTML page"),
    ],
)
@pytest.mark.parametrize("name", ["m.index", "m"])
def test_something_else_is_there(tmp_path, content, words, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotALegacyArtifactError, match=words) as caught:
        open_bundle(tmp_path / "m")
    assert name in str(caught.value)


def test_unknown_bytes(tmp_path):
    (tmp_path / "m").write_bytes(bytes(range(1, 200)))
    with pytest.raises(FormatError, match="no table footer") as caught:
        open_bundle(tmp_path / "m")
    assert caught.value.offset == 191


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_folder_and_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ArtifactError, match="regular file"):
            open_bundle(path)


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root, or Windows, may read everything")
def test_forbidden_file(bundle):
    os.chmod(f"{bundle}.index", 0)
    with pytest.raises(ArtifactError, match="cannot be read"):
        open_bundle(bundle)


def test_missing_v1_shard(tmp_path):
    write_v1(tmp_path / "m-00000-of-00002", {"x": sample("int32", ())})
    for name in ("m-00000-of-00002", "m-?????-of-?????"):
        with pytest.raises(SourceNotFoundError, match="m-00001-of-00002"):
            open_bundle(tmp_path / name)
    with pytest.raises(SourceNotFoundError):
        open_bundle(tmp_path / "other-?????-of-?????")
    with pytest.raises(SourceNotFoundError):
        open_bundle(tmp_path / "nowhere" / "m-?????-of-?????")


def test_a_pattern_that_fits_two_checkpoints(tmp_path):
    for name in ("m-00000-of-00001", "m-00000-of-00002"):
        write_v1(tmp_path / name, {"x": sample("int32", ())})
    with pytest.raises(NotALegacyArtifactError, match="00001 and 00002 shards"):
        open_bundle(tmp_path / "m-?????-of-?????")
    assert open_bundle(tmp_path / "m-00000-of-00001").version == "V1"


def test_a_foreign_shard_among_v1_shards(tmp_path, bundle):
    write_v1(tmp_path / "m-00000-of-00002", {"x": sample("int32", ())})
    os.rename(f"{bundle}.index", tmp_path / "m-00001-of-00002")
    with pytest.raises(FormatError, match="not a shard of a V1 checkpoint"):
        open_bundle(tmp_path / "m-00000-of-00002")


@pytest.mark.parametrize("change", [dict.clear, lambda items: items.pop(b"")])
def test_an_index_without_header(bundle, change):
    rewrite(f"{bundle}.index", change)
    with pytest.raises(FormatError, match="no bundle header"):
        len(open_bundle(bundle))


def test_data_of_another_checkpoint(bundle, tmp_path):
    with BundleWriter(tmp_path / "other") as writer:
        writer.add("x", sample("float32", (2,), seed=9))
    os.rename(tmp_path / "other.index", f"{bundle}.index")
    with pytest.raises(ArtifactError) as caught:
        open_bundle(bundle)["x"]
    assert "data-0000" in str(caught.value)


def test_a_file_that_is_truncated_after_something_was_read_from_it(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        writer.add("v", np.arange(10, dtype=np.float32))
        writer.add("w", np.ones((1000, 100), np.float32))
    with open_bundle(tmp_path / "m") as checkpoint:
        assert checkpoint["v"].sum() == 45
        os.truncate(checkpoint.files[1], 100)
        with pytest.raises(FormatError, match=r"tensor 'w' is beyond the end of the file.* found a file of 100 bytes"):
            checkpoint["w"]
