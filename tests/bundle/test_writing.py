"""What a bundle looks like after a BundleWriter, whether it ended well or not."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import BundleWriter, SliceSpec, open_bundle
from compat_saver.errors import ChecksumError, OutputExistsError, TensorNotFoundError, UsageError
from tests.bundle.conftest import MIXED, PARTITIONED, PARTS
from tests.bundle.crafting import sample, slice_of, write_big_endian, write_v1
from tests.bundle.test_boxes import tilings


def write(prefix, value=1, **options):
    with BundleWriter(prefix, **options) as writer:
        writer.add("x", np.int32(value))


def test_empty_bundle(tmp_path):
    with BundleWriter(tmp_path / "m"):
        pass
    assert list(open_bundle(tmp_path / "m")) == []
    assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]


def test_nothing_appears_before_the_end(tmp_path):
    with BundleWriter(tmp_path / "a" / "b" / "m", shards=2) as writer:
        writer.add("x", np.int32(1))
        assert all(".tempstate" in name for name in os.listdir(tmp_path / "a" / "b"))
    assert sorted(os.listdir(tmp_path / "a" / "b")) == [
        "m.data-00000-of-00002",
        "m.data-00001-of-00002",
        "m.index",
    ]


def test_an_exception_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), BundleWriter(tmp_path / "a" / "b" / "m") as writer:
        writer.add("x", np.int32(1 // 0))
    assert os.listdir(tmp_path) == []


def test_an_exception_leaves_other_files_alone(tmp_path):
    (tmp_path / "other").touch()
    write(tmp_path / "m")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ZeroDivisionError), BundleWriter(tmp_path / "m", overwrite=True) as writer:
        writer.add("x", np.int32(1 // 0))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_while_publishing_leaves_nothing_behind(tmp_path, monkeypatch, failing):
    calls, replace = [], os.replace

    def fail_at(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError("no space left")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_at)
    with pytest.raises(OSError, match="no space"):
        write(tmp_path / "a" / "m", shards=2)
    assert os.listdir(tmp_path) == []


def test_an_existing_bundle_is_replaced_on_request_only(tmp_path):
    write(tmp_path / "m", 1)
    with pytest.raises(OutputExistsError, match=r"m\.index"):
        write(tmp_path / "m", 2)
    assert open_bundle(tmp_path / "m")["x"] == 1
    write(tmp_path / "m", 2, overwrite=True)
    assert open_bundle(tmp_path / "m")["x"] == 2


def test_the_index_comes_last(tmp_path, monkeypatch):
    order, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(b), replace(a, b)))
    write(tmp_path / "m", shards=2)
    assert order[-1].endswith(".index")
    assert len(order) == 3


def test_shards_are_balanced(tmp_path):
    with BundleWriter(tmp_path / "m", shards=3) as writer:
        for n in range(9):
            writer.add(f"x{n}", np.zeros(100))
    sizes = [path.stat().st_size for path in tmp_path.glob("*.data-*")]
    assert sizes == [2400, 2400, 2400]


def test_tensors_are_aligned_to_their_elements(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        for name, dtype in (("a", "int8"), ("b", "float64"), ("c", "string"), ("d", "complex128")):
            writer.add(name, sample(dtype, (3,)))
    checkpoint = open_bundle(tmp_path / "m")
    assert all(checkpoint.info(name).offset % checkpoint[name].itemsize == 0 for name in "abd")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3).T,
        np.arange(12)[::2],
        np.arange(3, dtype=">f4"),
        np.broadcast_to(np.float32(1), (2, 3)),
        [[1.5, 2], [3, 4]],
        7,
        True,
    ],
)
def test_any_memory_layout(tmp_path, array):
    with BundleWriter(tmp_path / "m") as writer:
        writer.add("x", array)
    assert open_bundle(tmp_path / "m")["x"].tolist() == np.asarray(array).tolist()


def test_str_becomes_utf8(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        writer.add("x", ["ü", "a"])
        writer.add("y", np.array([b"a", "b"], object))
    assert open_bundle(tmp_path / "m")["x"].tolist() == ["ü".encode(), b"a"]
    assert open_bundle(tmp_path / "m")["y"].tolist() == [b"a", b"b"]


def test_quantized_types_are_asked_for(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        writer.add("x", np.int8([1, 2]), dtypes.by_name("qint8"))
    assert open_bundle(tmp_path / "m").info("x").dtype.name == "qint8"


# ---- streams


def test_streams_become_tensors_and_slices(tmp_path):
    counts, array = [], np.arange(12, dtype=np.float32).reshape(4, 3)
    with BundleWriter(tmp_path / "m", progress=counts.append) as writer:
        whole = [memoryview(array.tobytes())[start : start + 5] for start in range(0, 48, 5)]
        writer.add_stream("whole", dtypes.by_name("float32"), (4, 3), whole)
        for start in (0, 2):
            part = array[start : start + 2].tobytes()
            writer.add_stream("x", dtypes.by_name("float32"), (4, 3), [part], SliceSpec.parse(f"{start},2:-"))
        writer.add_stream("y", dtypes.by_name("float32"), (4, 3), [array.tobytes()], SliceSpec.parse("0,4:-"))
    with open_bundle(tmp_path / "m") as found:
        assert {name: value.tolist() for name, value in found.items()} == dict.fromkeys("xy", array.tolist()) | {
            "whole": array.tolist()
        }
        assert [len(found.info(name).slices) for name in ("whole", "x", "y")] == [0, 2, 0]
        found.verify()
    assert sum(counts) == 3 * 48


@pytest.mark.parametrize("chunks", [[], [b"123"], [b"1234", b"5678", b"9"]])
def test_streams_of_another_length(tmp_path, chunks):
    with pytest.raises(UsageError, match="takes 8 bytes"), BundleWriter(tmp_path / "m") as writer:
        writer.add_stream("x", dtypes.by_name("float32"), (2,), chunks)
    with pytest.raises(UsageError, match="of string"), BundleWriter(tmp_path / "m") as writer:
        writer.add_stream("x", dtypes.by_name("string"), (2,), chunks)
    assert os.listdir(tmp_path) == []


def test_a_replaced_bundle_leaves_no_shards_behind(tmp_path):
    write(tmp_path / "m", shards=3)
    write(tmp_path / "m2")
    write(tmp_path / "m", shards=2, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == [
        "m.data-00000-of-00002",
        "m.data-00001-of-00002",
        "m.index",
        "m2.data-00000-of-00001",
        "m2.index",
    ]


# ---- refusals


def test_outside_of_with(tmp_path):
    with pytest.raises(UsageError, match="inside its `with`"):
        BundleWriter(tmp_path / "m").add("x", 1)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("shards", [0, -1, 100_000])
def test_number_of_shards(tmp_path, shards):
    with pytest.raises(UsageError):
        BundleWriter(tmp_path / "m", shards=shards)


def refused(tmp_path, use, error=UsageError):
    with pytest.raises(error) as caught, BundleWriter(tmp_path / "new" / "m") as writer:
        use(writer)
    assert not (tmp_path / "new").exists()
    return str(caught.value)


def test_bad_names_and_values(tmp_path):
    assert "added already" in refused(tmp_path, lambda w: (w.add("x", 1), w.add("x", 2)))
    assert "needs a name" in refused(tmp_path, lambda w: w.add("", 1))
    assert "cannot be the name" in refused(tmp_path, lambda w: w.add("\ud800", 1))
    refused(tmp_path, lambda w: w.add("x", np.array([1, None])), TypeError)
    refused(tmp_path, lambda w: w.add("x", np.datetime64("2020-01-01")), TypeError)


def test_bad_slices(tmp_path):
    def adder(*parts):
        def use(writer):
            for shape, text, array in parts:
                writer.add_slice("x", shape, SliceSpec.parse(text), array)

        return use

    two = np.zeros(2, np.float32)
    assert "2 elements in no slice" in refused(tmp_path, adder(((4,), "0,2", two)))
    assert "overlap" in refused(tmp_path, adder(((4,), "0,2", two), ((4,), "1,2", two)))
    assert "has shape (2,), not (3,)" in refused(tmp_path, adder(((4,), "0,2", np.zeros(3))))
    assert "added as float32" in refused(tmp_path, adder(((4,), "0,2", two), ((4,), "2,2", np.zeros(2))))
    assert "added already" in refused(tmp_path, adder(((4,), "0,2", two), ((4,), "0,2", two)))
    assert "beyond" in refused(tmp_path, adder(((3,), "2,2", two)))
    assert "in one piece" in refused(
        tmp_path, lambda w: (w.add("x", np.zeros(4, np.float32)), adder(((4,), "0,2", two))(w))
    )


def test_a_slice_of_everything_is_a_whole_tensor(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        writer.add_slice("x", (2,), SliceSpec.parse("0,2"), np.zeros(2))
    assert open_bundle(tmp_path / "m").info("x").slices == ()


@given(tilings(), st.integers(1, 3))
@settings(max_examples=30)
def test_any_partition(tmp_path_factory, tiling, shards):
    shape, parts = tiling
    array = np.arange(np.prod(shape)).reshape(shape)
    prefix = tmp_path_factory.mktemp("p") / "m"
    with BundleWriter(prefix, shards=shards) as writer:
        for part in parts:
            writer.add_slice("x", shape, slice_of(part, shape), array[part])
    checkpoint = open_bundle(prefix)
    assert list(checkpoint) == ["x"]
    assert (checkpoint["x"] == array).all()
    checkpoint.verify()


# ---- copies


def copied(tmp_path, source, shards=1, **options):
    with open_bundle(source) as checkpoint, BundleWriter(tmp_path / "copy", shards=shards) as writer:
        for name in checkpoint:
            writer.copy(f"new/{name}", checkpoint, name, **options)
    found = open_bundle(tmp_path / "copy")
    found.verify()
    return found


def check_copies(found, expected):
    assert set(found) == {f"new/{name}" for name in expected}
    for name, array in expected.items():
        copy = found[f"new/{name}"]
        assert (copy.dtype, copy.shape, copy.tolist()) == (array.dtype, array.shape, array.tolist())


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("keep_slices", [False, True])
def test_copies(tmp_path, bundle, shards, keep_slices):
    found = copied(tmp_path, bundle, shards, keep_slices=keep_slices)
    check_copies(found, {**MIXED, "part": PARTITIONED})
    assert found.info("new/part").slices == (tuple(PARTS) if keep_slices else ())


def test_copies_of_v1(tmp_path):
    tensors = {name: array for name, array in MIXED.items() if name != "half"}
    write_v1(tmp_path / "old", tensors)
    check_copies(copied(tmp_path, tmp_path / "old"), tensors)


def test_copies_of_big_endian(tmp_path):
    write_big_endian(tmp_path / "old", MIXED)
    check_copies(copied(tmp_path, tmp_path / "old"), MIXED)


@pytest.mark.parametrize("name", ["dense/kernel", "part", "vocabulary"])
def test_copies_of_parts(tmp_path, bundle, name):
    rows = slice(1, 2)
    with open_bundle(bundle) as checkpoint, BundleWriter(tmp_path / "copy") as writer:
        writer.copy("x", checkpoint, name, slices=(rows,))
    expected = {**MIXED, "part": PARTITIONED}[name][rows]
    assert open_bundle(tmp_path / "copy")["x"].tolist() == expected.tolist()


def test_copies_of_several_pieces(tmp_path, bundle, monkeypatch):
    for module in ("files", "v2", "v1", "writer"):
        monkeypatch.setattr(f"compat_saver.bundle.{module}.CHUNK", 16)
    check_copies(copied(tmp_path, bundle), {**MIXED, "part": PARTITIONED})


def test_damage_does_not_travel(tmp_path, bundle):
    with open_bundle(bundle) as checkpoint:
        info = checkpoint.info("dense/kernel")
        path = next(path for path in checkpoint.files if f"data-{info.shard:05d}" in path)
        with open(path, "r+b") as file:
            file.seek(info.offset)
            byte = file.read(1)
            file.seek(info.offset)
            file.write(bytes([byte[0] ^ 1]))
        with pytest.raises(ChecksumError), BundleWriter(tmp_path / "copy") as writer:
            writer.copy("x", checkpoint, "dense/kernel")
    assert not (tmp_path / "copy.index").exists()
    with open_bundle(bundle, check_tensors=False) as checkpoint, BundleWriter(tmp_path / "copy") as writer:
        writer.copy("x", checkpoint, "dense/kernel")


def test_copies_refused(tmp_path, bundle):
    checkpoint = open_bundle(bundle)
    refused(tmp_path, lambda w: w.copy("x", checkpoint, "no such"), TensorNotFoundError)
    refused(tmp_path, lambda w: w.copy("x", checkpoint, "part", slices=(slice(1),), keep_slices=True))
    refused(tmp_path, lambda w: w.copy("x", checkpoint, "flags", slices=(slice(1),) * 2))
