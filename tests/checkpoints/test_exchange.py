""".npz and .safetensors, both ways, with numpy and the safetensors package as the other opinion."""

import json
import os
import struct

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import checkpoints, dtypes
from compat_saver.bundle import BundleWriter, open_bundle
from compat_saver.errors import ArtifactError, CompatSaverError, FormatError, OutputExistsError, UsageError
from tests.bundle.crafting import NUMERIC, SHAPES, sample
from tests.checkpoints.files import arrays, golden, write

KNOWN_TO_SAFETENSORS = sorted(set(NUMERIC) - {"complex128"})
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), min_size=1, max_size=20)
SUFFIXES = [".npz", ".safetensors"]


def write_types(prefix, tensors):
    with BundleWriter(prefix) as writer:
        for name, (kind, shape) in tensors.items():
            writer.add(name, sample(kind, shape), dtypes.by_name(kind))
    return prefix


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_there_and_back(tmp_path_factory, suffix, data):
    kinds = NUMERIC if suffix == ".npz" else KNOWN_TO_SAFETENSORS
    drawn = data.draw(st.dictionaries(NAMES, st.tuples(st.sampled_from(kinds), SHAPES), max_size=5))
    folder = tmp_path_factory.mktemp("exchange")
    source, file = write_types(folder / "m", drawn), folder / f"x{suffix}"
    checkpoints.export(source, file)
    checkpoints.import_(file, folder / "back")
    assert arrays(folder / "back") == arrays(source)


def test_numpy_reads_what_is_exported(mixed, tmp_path):
    with pytest.raises(UsageError, match=r"'vocabulary' \(strings that end with a zero byte\)|cannot hold") as caught:
        checkpoints.export(write(tmp_path / "z", a=np.array([b"x\0"], object)), tmp_path / "z.npz")
    assert "--skip-unsupported" in str(caught.value)
    assert not (tmp_path / "z.npz").exists()
    checkpoints.export(mixed, tmp_path / "m.npz", skip_unsupported=True)
    with np.load(tmp_path / "m.npz") as found, open_bundle(mixed) as stored:
        assert set(found) <= set(stored)
        for name in found:
            if name not in ("vocabulary", "nothing", "half"):
                assert (found[name].dtype, found[name].tobytes()) == (stored[name].dtype, stored[name].tobytes())
        assert found["half"].view(ml_dtypes.bfloat16).tolist() == stored["half"].tolist()


def test_the_package_reads_what_is_exported(mixed, tmp_path):
    with pytest.raises(UsageError, match=r"'nothing' \(of string\), 'vocabulary' \(of string\).*--skip-unsupported"):
        checkpoints.export(mixed, tmp_path / "m.safetensors")
    written = checkpoints.export(mixed, tmp_path / "m.safetensors", skip_unsupported=True)
    assert written.dropped == ("nothing", "vocabulary")
    read = dict(safetensors.deserialize((tmp_path / "m.safetensors").read_bytes()))
    with open_bundle(mixed) as stored:
        assert set(read) == set(stored) - {"nothing", "vocabulary"}
        for name, facts in read.items():
            assert (facts["shape"], bytes(facts["data"])) == (list(stored[name].shape), stored[name].tobytes())
    assert read["half"]["dtype"] == "BF16"


def test_what_the_package_writes_is_imported(tmp_path):
    tensors = {"a/b": sample("float32", (3, 4)), "n": sample("int64", ()), "e": sample("uint8", (0, 2))}
    safetensors.numpy.save_file(tensors, tmp_path / "x.safetensors", metadata={"compat_saver.dtypes": "no JSON"})
    checkpoints.import_(tmp_path / "x.safetensors", tmp_path / "out", shards=2)
    with open_bundle(tmp_path / "out") as found:
        assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in tensors.items()}


def test_what_numpy_writes_is_imported(tmp_path):
    tensors = {
        "a/b": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big": np.arange(3, dtype=">i4"),
        "bytes": np.array([b"a", b"bcd"]),
        "text": np.array(["ü", "x"]),
        "scalar": np.float32(1.5),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **tensors)
        checkpoints.import_(tmp_path / "x.npz", tmp_path / "out", overwrite=True)
        with open_bundle(tmp_path / "out") as found:
            assert found["text"].tolist() == ["ü".encode(), b"x"]
            for name in tensors.keys() - {"text"}:
                assert found[name].tolist() == tensors[name].tolist()


def test_strings_go_through_npz(tmp_path):
    source = write(tmp_path / "m", s=np.array([[b"a", b""], [b"xyz", b"\0y"]], object), e=np.empty((0, 2), object))
    checkpoints.export(source, tmp_path / "x.npz")
    checkpoints.import_(tmp_path / "x.npz", tmp_path / "back")
    assert arrays(tmp_path / "back") == arrays(source)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_golden_checkpoints(tmp_path, suffix):
    for name in ("partitioned", "v1_format", "conv_batch_norm"):
        checkpoints.export(golden(name), tmp_path / f"{name}{suffix}")
        checkpoints.import_(tmp_path / f"{name}{suffix}", tmp_path / name)
        assert arrays(tmp_path / name) == arrays(golden(name))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_content_gives_equal_files(mixed, tmp_path, suffix):
    for name in "ab":
        checkpoints.export(mixed, tmp_path / f"{name}{suffix}", ["dense/*", "half"])
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_outputs_refused(mixed, tmp_path):
    (tmp_path / "x.npz").write_text("mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        checkpoints.export(mixed, tmp_path / "x.npz", ["flags"])
    assert (tmp_path / "x.npz").read_text() == "mine"
    checkpoints.export(mixed, tmp_path / "x.npz", ["flags"], overwrite=True)
    assert list(np.load(tmp_path / "x.npz")) == ["flags"]
    with pytest.raises(UsageError, match=r"ends with .npz or .safetensors"):
        checkpoints.export(mixed, tmp_path / "x.h5")
    with pytest.raises(UsageError, match="'wave2'"):
        checkpoints.export(mixed, tmp_path / "y.npz", ["wave2"])
    assert checkpoints.export(mixed, tmp_path / "y.npz", ["flags"], dry_run=True).output is None


def test_a_failure_leaves_nothing_behind(mixed, tmp_path):
    with open_bundle(mixed) as checkpoint:
        info = checkpoint.info("dense/bias")
        path = checkpoint.files[1 + info.shard]
    with open(path, "r+b") as file:
        file.seek(info.offset)
        file.write(b"\x01\x02")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(FormatError):
        checkpoints.export(mixed, tmp_path / "x.safetensors", ["dense/*"])
    assert sorted(os.listdir(tmp_path)) == before


# ---- damaged files


def safetensors_bytes(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


GOOD = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"\xff" * 20,
        safetensors_bytes(b"{"),
        safetensors_bytes(b"[" * 100_000),
        safetensors_bytes([1]),
        safetensors_bytes({"a": 1}),
        safetensors_bytes({"a": GOOD}),
        safetensors_bytes({"a": GOOD}, bytes(5)),
        safetensors_bytes({"a": GOOD, "b": GOOD}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"dtype": "F7"}}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"shape": [2]}}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"shape": [-1]}}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"shape": ["x"]}}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"shape": 4}}, bytes(4)),
        safetensors_bytes({"a": GOOD | {"data_offsets": [4, 8]}}, bytes(8)),
        safetensors_bytes({"a": GOOD | {"data_offsets": [0]}}, bytes(8)),
        safetensors_bytes({"a": GOOD | {"data_offsets": [0, 2**70], "shape": [2**68]}}, bytes(4)),
        safetensors_bytes({"": GOOD}, bytes(4)),
    ],
)
def test_bad_safetensors(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ArtifactError, match="safetensors"):
        checkpoints.import_(tmp_path / "x.safetensors", tmp_path / "out")
    assert os.listdir(tmp_path) == ["x.safetensors"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_at_every_byte(tmp_path, suffix):
    file = tmp_path / f"x{suffix}"
    checkpoints.export(write(tmp_path / "m", a=[1.0, 2.0], b=3), file)
    data = file.read_bytes()
    for size in range(len(data)):
        file.write_bytes(data[:size])
        with pytest.raises(CompatSaverError):
            checkpoints.import_(file, tmp_path / "out")


def test_every_byte_of_an_npz_altered(tmp_path):
    source, file = write(tmp_path / "m", a=[1.0, 2.0], b=3), tmp_path / "x.npz"
    checkpoints.export(source, file)
    data, expected = file.read_bytes(), set(arrays(source).values())
    for at in range(len(data)):
        file.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        try:
            checkpoints.import_(file, tmp_path / "out", overwrite=True)
        except CompatSaverError:
            continue
        assert set(arrays(tmp_path / "out").values()) <= expected, at  # names have no checksum


def test_bad_npz(tmp_path):
    np.savez(tmp_path / "o.npz", x=np.array([None], object))
    with pytest.raises(FormatError, match=r"o.npz: x.npy.*not an array of numbers"):
        checkpoints.import_(tmp_path / "o.npz", tmp_path / "out")
    np.savez(tmp_path / "t.npz", x=np.array(["2020-01-01"], "M8[D]"))
    with pytest.raises(FormatError, match="TensorFlow does not have"):
        checkpoints.import_(tmp_path / "t.npz", tmp_path / "out")
    with pytest.raises(ArtifactError, match=r"expected a .npz file"):
        checkpoints.import_(tmp_path / "none.npz", tmp_path / "out")
