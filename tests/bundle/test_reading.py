"""What a checkpoint promises as a mapping, in both formats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import BundleWriter, SliceSpec, TensorInfo, open_bundle
from compat_saver.errors import ArtifactError, FormatError, TensorNotFoundError, UsageError
from compat_saver.proto.messages import BundleEntryProto
from tests.bundle.conftest import MIXED, PARTITIONED, PARTS
from tests.bundle.crafting import (
    NAMES,
    NUMERIC,
    SHAPES,
    V1_FIELDS,
    rewrite,
    sample,
    table_bytes,
    v1_items,
    write_big_endian,
    write_v1,
)

V1_MIXED = {name: array for name, array in MIXED.items() if name != "half"}


def same(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tolist() == expected.tolist()


# ---- V2


def test_mapping(bundle, mixed):
    with open_bundle(bundle) as checkpoint:
        assert (checkpoint.version, checkpoint.prefix) == ("V2", str(bundle))
        assert list(checkpoint) == sorted([*mixed, "part"], key=str.encode)
        assert len(checkpoint) == len(mixed) + 1
        assert "dense/kernel" in checkpoint
        assert "dense" not in checkpoint
        for name, array in {**mixed, "part": PARTITIONED}.items():
            same(checkpoint[name], array)
            info = checkpoint.info(name)
            assert (info.name, info.shape, info.dtype) == (name, array.shape, dtypes.from_numpy(array.dtype))
        assert checkpoint.shapes() == {name: checkpoint.info(name).shape for name in checkpoint}
        assert checkpoint.dtypes() == {name: checkpoint.info(name).dtype for name in checkpoint}


def test_files(bundle):
    files = open_bundle(bundle).files
    assert files[0] == f"{bundle}.index"
    assert sorted(files[1:]) == sorted(map(str, bundle.parent.glob("*.data-*")))


def test_info_of_a_whole_and_of_a_partitioned_tensor(bundle):
    checkpoint = open_bundle(bundle)
    kernel, part = checkpoint.info("dense/kernel"), checkpoint.info("part")
    assert (kernel.nbytes, kernel.size, kernel.slices) == (48, 12, ())
    assert None not in (kernel.shard, kernel.offset, kernel.crc32c)
    assert part == TensorInfo("part", dtypes.by_name("float32"), (7, 5), 140, tuple(PARTS))


def test_arrays_are_mapped_read_only_and_outlive_the_checkpoint(bundle, mixed):
    with open_bundle(bundle) as checkpoint:
        array = checkpoint["dense/kernel"]
        again = checkpoint["dense/kernel"]
        assert np.shares_memory(array, again)
    assert not array.flags.writeable
    assert array.flags.aligned
    same(array, mixed["dense/kernel"])
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_every_array_is_read_only(bundle):
    with open_bundle(bundle) as checkpoint:
        assert not any(array.flags.writeable for array in checkpoint.values())


def test_closed(bundle):
    checkpoint = open_bundle(bundle)
    checkpoint.close()
    checkpoint.close()
    with pytest.raises(UsageError, match="closed"):
        list(checkpoint)


def test_nothing_is_read_before_it_is_asked_for(bundle):
    for path in bundle.parent.glob("*.data-*"):
        path.unlink()
    checkpoint = open_bundle(bundle)
    assert len(checkpoint.shapes()) == len(MIXED) + 1
    with pytest.raises(ArtifactError, match="data-0000"):
        checkpoint["dense/kernel"]


def test_one_lookup_takes_one_block_apart(bundle):
    checkpoint = open_bundle(bundle)
    assert "dense/kernel" in checkpoint
    assert checkpoint.info("dense/kernel").shape == (3, 4)
    assert "_entries" not in vars(checkpoint._reader._index)


@pytest.mark.parametrize("name", ["", "\0", "\ud800", 7, None])
def test_names_that_no_tensor_can_have(bundle, name):
    checkpoint = open_bundle(bundle)
    for _ in range(2):
        assert name not in checkpoint
        with pytest.raises(TensorNotFoundError):
            checkpoint[name]
        list(checkpoint)


def test_unknown_name(bundle):
    with pytest.raises(TensorNotFoundError, match="did you mean 'dense/kernel'") as caught:
        open_bundle(bundle)["dense/kernels"]
    assert isinstance(caught.value, KeyError)
    with pytest.raises(TensorNotFoundError):
        open_bundle(bundle).read_slice("x", ())
    assert open_bundle(bundle).get("x") is None


@pytest.mark.parametrize("name", ["dense/kernel", "part"])
@pytest.mark.parametrize(
    "slices", [(), (slice(1, 3),), (slice(-2, None), slice(0, 2)), (slice(2, 2),), (slice(0, 3), slice(2, 5))]
)
def test_slices(bundle, name, slices):
    expected = {**MIXED, "part": PARTITIONED}[name][slices]
    checkpoint = open_bundle(bundle)
    same(checkpoint.read_slice(name, slices), expected)
    assert b"".join(bytes(chunk) for chunk in checkpoint.stream(name, slices)) == expected.tobytes()


def test_streaming_is_done_in_pieces(bundle, monkeypatch):
    monkeypatch.setattr("compat_saver.bundle.files.CHUNK", 16)
    monkeypatch.setattr("compat_saver.bundle.v2.CHUNK", 16)
    checkpoint = open_bundle(bundle)
    for name, array in (("dense/kernel", MIXED["dense/kernel"]), ("part", PARTITIONED)):
        chunks = [bytes(chunk) for chunk in checkpoint.stream(name)]
        assert max(map(len, chunks)) == 16
        assert b"".join(chunks) == array.tobytes()


def test_strings_have_no_plain_bytes(bundle):
    with pytest.raises(UsageError, match="string"):
        open_bundle(bundle).stream("vocabulary")


def test_one_slice_reads_only_what_it_touches(tmp_path):
    with BundleWriter(tmp_path / "m", shards=3) as writer:
        for spec in PARTS:
            writer.add_slice("part", (7, 5), spec, PARTITIONED[spec.box((7, 5))])
    checkpoint = open_bundle(tmp_path / "m")
    (tmp_path / "m.data-00002-of-00003").unlink()
    same(checkpoint.read_slice("part", (slice(0, 3),)), PARTITIONED[:3])
    with pytest.raises(ArtifactError, match="data-00002"):
        checkpoint["part"]


@given(st.data())
@settings(max_examples=40)
def test_round_trip(tmp_path_factory, data):
    """Any names, types, shapes and number of shards come back as they went."""
    kinds = st.tuples(st.sampled_from([*NUMERIC, "string"]), SHAPES, st.integers(0, 9))
    tensors = data.draw(st.dictionaries(NAMES, kinds, max_size=8))
    prefix = tmp_path_factory.mktemp("b") / "m"
    with BundleWriter(prefix, shards=data.draw(st.integers(1, 4))) as writer:
        for name, (dtype, shape, seed) in tensors.items():
            writer.add(name, sample(dtype, shape, seed), dtypes.by_name(dtype))
    with open_bundle(prefix) as checkpoint:
        checkpoint.verify()
        assert set(checkpoint) == set(tensors)
        for name, (dtype, shape, seed) in tensors.items():
            same(checkpoint[name], sample(dtype, shape, seed))
            assert checkpoint.info(name).dtype.name == dtype


# ---- big-endian


def test_big_endian(tmp_path, mixed):
    write_big_endian(tmp_path / "m", mixed)
    with open_bundle(tmp_path / "m") as checkpoint:
        checkpoint.verify()
        for name, array in mixed.items():
            same(checkpoint[name], array)
        part = checkpoint.read_slice("wave", (slice(1, 2),))
        same(part, mixed["wave"][1:2])
        streamed = b"".join(bytes(chunk) for chunk in checkpoint.stream("wave"))
        assert streamed == mixed["wave"].tobytes()


# ---- partitions


def drop_slice(items):
    del items[PARTS[1].key("part")]


def repeat_slice(items):
    entry = BundleEntryProto.FromString(items[b"part"])
    entry.slices.append(entry.slices[0])
    items[b"part"] = entry.SerializeToString()


def leave_hole(items):
    entry = BundleEntryProto.FromString(items[b"part"])
    del entry.slices[1]
    items[b"part"] = entry.SerializeToString()


def change_type(items):
    entry = BundleEntryProto.FromString(items[PARTS[1].key("part")])
    entry.dtype = 3
    items[PARTS[1].key("part")] = entry.SerializeToString()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (drop_slice, r"slice 0,3:2,3 of 'part' cannot be used: expected an entry of float32 .* found none"),
        (repeat_slice, r"slices \[0:3, 0:2\] and \[0:3, 0:2\], which overlap"),
        (leave_hole, "9 elements in no slice"),
        (change_type, "found int32"),
    ],
)
def test_bad_partitions(bundle, damage, words):
    rewrite(f"{bundle}.index", damage)
    checkpoint = open_bundle(bundle)
    with pytest.raises(FormatError, match=words):
        checkpoint["part"]
    with pytest.raises(FormatError, match=words):
        checkpoint.verify()
    assert "part" in checkpoint.shapes()


def test_slices_of_nothing_are_tensors_of_their_own(bundle):
    rewrite(f"{bundle}.index", lambda items: items.pop(b"part"))
    checkpoint = open_bundle(bundle)
    orphans = [name for name in checkpoint if name.startswith("\0")]
    assert len(orphans) == 3
    assert sum(checkpoint[name].size for name in orphans) == 35


def test_slices_that_share_their_bytes_do_not_make_a_giant(bundle):
    """A partition of 2**40 elements whose 2**10 slices all point at the same few bytes would otherwise be allocated."""
    rows = 8

    def lie(items):
        whole = BundleEntryProto.FromString(items[b"part"])
        piece = BundleEntryProto.FromString(items[PARTS[2].key("part")])
        count = len(b"".join(path.read_bytes() for path in bundle.parent.glob("*.data-*"))) // 20
        del whole.slices[:]
        whole.shape.dim[0].size = rows * count
        piece.shape.dim[0].size, piece.size = rows, rows * 20
        piece.offset, piece.shard_id = 0, 0
        for n in range(count):
            spec = SliceSpec(((n * rows, rows), (0, -1)))
            whole.slices.append(spec.to_proto())
            items[spec.key("part")] = piece.SerializeToString()
        items[b"part"] = whole.SerializeToString()

    rewrite(f"{bundle}.index", lie)
    with pytest.raises(FormatError):
        open_bundle(bundle, check_tensors=False)["part"]


@pytest.mark.parametrize("name", ["dense/kernel", "global_step"])
def test_slices_that_are_the_whole_tensor(bundle, name):
    """Early releases write them where a partitioned variable has one part; later ones write a whole tensor."""
    full = SliceSpec.full(MIXED[name].ndim)

    def split(items):
        entry = BundleEntryProto.FromString(items[name.encode()])
        items[full.key(name)] = entry.SerializeToString()
        items[name.encode()] = BundleEntryProto(
            dtype=entry.dtype, shape=entry.shape, slices=[full.to_proto()]
        ).SerializeToString()

    rewrite(f"{bundle}.index", split)
    with open_bundle(bundle) as checkpoint:
        checkpoint.verify()
        assert set(checkpoint) == {*MIXED, "part"}
        assert checkpoint.info(name).slices == (full,)
        same(checkpoint[name], MIXED[name])
        assert b"".join(bytes(chunk) for chunk in checkpoint.stream(name)) == MIXED[name].tobytes()


# ---- V1


def test_v1(tmp_path):
    write_v1(tmp_path / "old", V1_MIXED)
    with open_bundle(tmp_path / "old") as checkpoint:
        assert checkpoint.version == "V1"
        assert list(checkpoint) == sorted(V1_MIXED)
        assert checkpoint.files == (str(tmp_path / "old"),)
        checkpoint.verify()
        for name, array in V1_MIXED.items():
            same(checkpoint[name], array)
            assert not checkpoint[name].flags.writeable
        info = checkpoint.info("dense/kernel")
        assert (info.nbytes, info.slices, info.shard, info.crc32c) == (48, (), 0, None)
        assert checkpoint.info("vocabulary").nbytes == sum(map(len, MIXED["vocabulary"].flat))
        assert checkpoint.shapes()["wave"] == (2, 2)
        part = checkpoint.read_slice("dense/kernel", (slice(1, 2),))
        same(part, MIXED["dense/kernel"][1:2])
        assert b"".join(checkpoint.stream("wave")) == MIXED["wave"].tobytes()


@pytest.mark.parametrize("dtype", sorted(V1_FIELDS))
def test_v1_types(tmp_path, dtype):
    array = sample(dtype, (3, 2))
    write_v1(tmp_path / "old", {"x": array})
    same(open_bundle(tmp_path / "old")["x"], array)


def v1_shards(folder, placing):
    """Writes "part" with its slices in the given shards, and one whole tensor in each."""
    for number, specs in enumerate(placing):
        tensors = {f"whole{number}": (sample("int32", (2,)), [SliceSpec.full(1)])}
        if specs:
            tensors["part"] = (PARTITIONED, specs)
        path = folder / f"old-{number:05d}-of-{len(placing):05d}"
        path.write_bytes(table_bytes(v1_items(tensors).items()))


@pytest.mark.parametrize("name", ["old-?????-of-?????", "old-00001-of-00003", "old-?????-of-00003"])
def test_v1_shards(tmp_path, name):
    v1_shards(tmp_path, [PARTS[:1], PARTS[1:], []])
    checkpoint = open_bundle(tmp_path / name)
    assert len(checkpoint.files) == 3
    assert list(checkpoint) == ["part", "whole0", "whole1", "whole2"]
    assert checkpoint.info("part").slices == tuple(PARTS)
    same(checkpoint["part"], PARTITIONED)
    same(checkpoint.read_slice("part", (slice(2, 4), slice(1, 3))), PARTITIONED[2:4, 1:3])
    checkpoint.verify()


@pytest.mark.parametrize(
    ("placing", "words"), [([PARTS[:1], PARTS[2:]], "9 elements in no slice"), ([PARTS, PARTS[:1]], "twice")]
)
def test_v1_bad_partitions(tmp_path, placing, words):
    v1_shards(tmp_path, placing)
    with pytest.raises(FormatError, match=words):
        open_bundle(tmp_path / "old-00000-of-00002")["part"]


def test_v1_missing_slice(tmp_path):
    write_v1(tmp_path / "old", V1_MIXED)
    rewrite(tmp_path / "old", lambda items: items.pop(SliceSpec.full(1).key("dense/bias")))
    checkpoint = open_bundle(tmp_path / "old")
    with pytest.raises(FormatError, match="slice - of 'dense/bias' is missing"):
        checkpoint["dense/bias"]
    same(checkpoint["flags"], MIXED["flags"])


def test_v1_too_few_values(tmp_path):
    items = v1_items({"x": (np.arange(3), [SliceSpec.full(1)]), "y": (np.arange(2), [SliceSpec.full(1)])})
    items[SliceSpec.full(1).key("x")] = items[SliceSpec.full(1).key("y")]
    (tmp_path / "old").write_bytes(table_bytes(items.items()))
    with pytest.raises(FormatError, match="expected 3 values for shape"):
        open_bundle(tmp_path / "old")["x"]


@given(st.data())
@settings(max_examples=20)
def test_v1_round_trip(tmp_path_factory, data):
    kinds = st.tuples(st.sampled_from(sorted(V1_FIELDS)), SHAPES)
    drawn = data.draw(st.dictionaries(NAMES, kinds, max_size=6))
    tensors = {name: sample(dtype, shape) for name, (dtype, shape) in drawn.items()}
    path = tmp_path_factory.mktemp("v1") / "old"
    write_v1(path, tensors)
    checkpoint = open_bundle(path)
    assert set(checkpoint) == set(tensors)
    for name, array in tensors.items():
        same(checkpoint[name], array)
