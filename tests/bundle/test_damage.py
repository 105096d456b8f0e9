"""Damaged files: each is read right or refused with an error of this package that says where."""

import contextlib
import os
import random
import shutil
import tracemalloc

import pytest

from compat_saver.bundle import BundleWriter, SliceSpec, open_bundle
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import MAGIC, IndexTable
from compat_saver.errors import ChecksumError, CompatSaverError, FormatError
from compat_saver.proto.messages import BundleEntryProto, BundleHeaderProto, SavedTensorSlices
from tests.bundle.conftest import PARTITIONED, PARTS
from tests.bundle.crafting import rewrite, sample, write_v1
from tests.golden_cases import case

# All random mutations of this file together; the 100,000 that the reader is held to take minutes.
MUTATIONS = int(os.environ.get("COMPAT_SAVER_MUTATIONS", "9000"))

TENSORS = {"a/kernel": sample("float32", (2, 3)), "a/step": sample("int64", ()), "words": sample("string", (3,))}


@pytest.fixture
def small(tmp_path):
    """A small bundle with a partitioned tensor; what it holds."""
    with BundleWriter(tmp_path / "m") as writer:
        for name, array in TENSORS.items():
            writer.add(name, array)
        for spec in PARTS:
            writer.add_slice("part", (7, 5), spec, PARTITIONED[spec.box((7, 5))])
    return tmp_path / "m"


@pytest.fixture
def old(tmp_path):
    write_v1(tmp_path / "old", TENSORS)
    return tmp_path / "old"


def read_all(prefix):
    with open_bundle(prefix) as checkpoint:
        return {name: array.tolist() for name, array in checkpoint.items()}


def check(prefix, expected):
    """Asserts that a checkpoint gives the expected values or an error; returns the error."""
    try:
        found = read_all(prefix)
    except CompatSaverError as error:
        refusal = error
    else:
        assert found == expected
        return None
    if isinstance(refusal, FormatError):
        assert refusal.path.startswith(str(prefix))
        assert refusal.expected
        assert refusal.found
    return refusal


def overwrite(path, data):
    """Changes a file in place; making thousands of new ones would wait for the disk."""
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()  # never before it is written: files that are mapped must not get shorter


def flipped(data, bit):
    broken = bytearray(data)
    broken[bit // 8] ^= 1 << bit % 8
    return bytes(broken)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_cut_at_every_byte(small, suffix):
    path, expected = small.with_name(small.name + suffix), read_all(small)
    data = path.read_bytes()
    for size in range(len(data)):
        overwrite(path, data[:size])
        assert check(small, expected) is not None, size


def test_every_bit_of_an_index(small):
    path, expected = small.with_name("m.index"), read_all(small)
    data = path.read_bytes()
    harmless = 0
    for bit in range(8 * len(data)):
        overwrite(path, flipped(data, bit))
        harmless += check(small, expected) is None
    # The metaindex block, where it lies, and the padding of the footer: nothing a reader needs.
    assert harmless < 8 * (8 + 5 + 40)


def test_every_bit_of_a_data_file_in_use(small):
    path, expected = small.with_name("m.data-00000-of-00001"), read_all(small)
    data = path.read_bytes()
    accepted = []
    for bit in range(8 * len(data)):
        overwrite(path, flipped(data, bit))
        if check(small, expected) is None:
            accepted.append(bit // 8)
    # Only padding between tensors has no checksum.
    assert len(set(accepted)) < 8
    assert all(data[at] == 0 for at in accepted)


def test_every_bit_of_a_v1_file(old):
    expected, data = read_all(old), old.read_bytes()
    for bit in range(0, 8 * len(data), 3):
        overwrite(old, flipped(data, bit))
        check(old, expected)


def test_v1_cut_at_every_byte(old):
    expected, data = read_all(old), old.read_bytes()
    for size in range(len(data)):
        overwrite(old, data[:size])
        assert check(old, expected) is not None, size


def mutated(data, rng):
    """Returns bytes with some of them replaced, removed, repeated or moved."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4) if data else 0):
        at, size = rng.randrange(len(data) or 1), rng.randint(1, 8)
        kind = rng.randrange(4)
        if kind == 0:
            data[at : at + size] = rng.randbytes(size)
        elif kind == 1:
            del data[at : at + size]
        elif kind == 2:
            data[at:at] = data[at : at + size]
        else:
            piece = data[at : at + size]
            del data[at : at + size]
            data[rng.randrange(len(data) + 1) : 0] = piece
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_random_mutations(small, suffix):
    path, expected = small.with_name(small.name + suffix), read_all(small)
    data, rng = path.read_bytes(), random.Random(1)
    for _ in range(MUTATIONS // 6):
        overwrite(path, mutated(data, rng))
        check(small, expected)


@pytest.mark.slow
def test_random_mutations_of_v1(old):
    expected, data, rng = read_all(old), old.read_bytes(), random.Random(2)
    for _ in range(MUTATIONS // 6):
        overwrite(old, mutated(data, rng))
        check(old, expected)


GOLDEN = ["partitioned", "sharded", "v1_format", "int_bool_string", "moving_average"]


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_random_mutations_of_golden_files(name, tmp_path):
    source = case("1.15.5", name).prefix
    for path in open_bundle(source).files:
        shutil.copy(path, tmp_path)
    prefix = tmp_path / source.name
    expected, rng = read_all(prefix), random.Random(name)
    files = {path: path.read_bytes() for path in sorted(tmp_path.iterdir())}
    for _ in range(MUTATIONS // 2 // len(GOLDEN)):
        path = rng.choice(list(files))
        overwrite(path, mutated(files[path], rng))
        check(prefix, expected)
        overwrite(path, files[path])


@pytest.fixture(params=GOLDEN)
def golden(request, tmp_path):
    """A copy of what TensorFlow 1.15.5 wrote; thorough tests take every bit, others every eleventh."""
    source = case("1.15.5", request.param).prefix
    for path in open_bundle(source).files:
        shutil.copy(path, tmp_path)
    return tmp_path / source.name


STEP = 1 if MUTATIONS >= 100_000 else 11


def index_of(prefix):
    index = prefix.with_name(f"{prefix.name}.index")
    return index if index.exists() else prefix


@pytest.mark.slow
def test_every_bit_of_a_golden_index(golden):
    path, expected = index_of(golden), read_all(golden)
    data = path.read_bytes()
    for bit in range(0, 8 * len(data), STEP):
        overwrite(path, flipped(data, bit))
        check(golden, expected)


@pytest.mark.slow
def test_golden_files_cut(golden):
    """An index at every byte, data at many."""
    expected = read_all(golden)
    for path in golden.parent.iterdir():
        data = path.read_bytes()
        for size in range(0, len(data), 1 if path == index_of(golden) else 7):
            overwrite(path, data[:size])
            assert check(golden, expected) is not None, (path, size)
        overwrite(path, data)


# ---- lies with correct checksums: nothing may escape but errors of this package, and nothing may be allocated


def survive(prefix):
    """Uses everything of a checkpoint, which may take little more memory than it has bytes."""
    tracemalloc.start()
    use_everything(prefix)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def use_everything(prefix):
    for checks in (True, False):
        for use in (
            lambda c: c.verify(),
            lambda c: c.files,
            lambda c: (c.shapes(), c.dtypes()),
            lambda c: [c.info(name) for name in c],
            *(lambda c, n=name: c[n] for name in [*TENSORS, "part"]),
            *(lambda c, n=name: c.read_slice(n, (slice(0, 1),)) for name in ["a/kernel", "part"]),
            *(lambda c, n=name: list(c.stream(n)) for name in ["a/kernel", "part"]),
        ):
            with contextlib.suppress(CompatSaverError):
                use(open_bundle(prefix, check_tensors=checks))


@pytest.mark.slow
def test_mutated_entries(small, tmp_path):
    keep, rng = (small.with_name("m.index")).read_bytes(), random.Random(3)
    for _ in range(MUTATIONS // 36):
        overwrite(small.with_name("m.index"), keep)

        def change(items):
            key = rng.choice(list(items))
            items[key] = mutated(items[key], rng)

        rewrite(small.with_name("m.index"), change)
        survive(small)


@pytest.mark.slow
def test_mutated_entries_of_v1(old):
    keep, rng = old.read_bytes(), random.Random(4)
    for _ in range(MUTATIONS // 36):
        overwrite(old, keep)

        def change(items):
            key = rng.choice(list(items))
            items[key] = mutated(items[key], rng)

        rewrite(old, change)
        survive(old)


HUGE = 2**62


@pytest.mark.parametrize(
    "fields",
    [
        {"offset": HUGE},
        {"offset": -1},
        {"size": HUGE},
        {"size": -8},
        {"shard_id": 1},
        {"shard_id": -1},
        {"dtype": 20},
        {"dtype": 21},
        {"dtype": 7},
        {"dtype": 101},
        {"dtype": 33, "shape": {"dim": [{"size": 24}]}},
        {"shape": {"dim": [{"size": HUGE}]}},
        {"shape": {"dim": [{"size": 2**31}, {"size": 2**31}]}},
        {"shape": {"dim": [{"size": HUGE}]}, "size": 4 * HUGE % 2**63},
        {"shape": {"dim": [{"size": 6}, *[{"size": 1}] * 100]}},
        {"dtype": 7, "shape": {"dim": [{"size": HUGE}]}},
        {"dtype": 7, "shape": {"dim": [{"size": 0}]}},
        {"dtype": 21, "shape": {"dim": [{"size": HUGE}]}},
        {"slices": [{"extent": [{"start": 0, "length": 2}, {}]}]},
        {"slices": [{"extent": [{"start": 0, "length": HUGE}, {"start": HUGE, "length": HUGE}]}]},
        {"slices": [{}]},
        {"slices": [{"extent": [{}, {}]}] * 1000},
    ],
)
def test_lies_of_an_entry(small, fields):
    def change(items):
        entry = BundleEntryProto.FromString(items[b"a/kernel"])
        for name, value in fields.items():
            entry.ClearField(name)
            entry.MergeFrom(BundleEntryProto(**{name: value}))
        items[b"a/kernel"] = entry.SerializeToString()

    rewrite(small.with_name("m.index"), change)
    survive(small)
    others = open_bundle(small)
    assert others["a/step"] == TENSORS["a/step"]


@pytest.mark.parametrize("shards", [2, 99_999, 100_000, 2**31 - 1, -1, 0])
def test_lies_about_the_number_of_shards(small, shards):
    rewrite(
        small.with_name("m.index"),
        lambda items: items.update({b"": BundleHeaderProto(num_shards=shards).SerializeToString()}),
    )
    survive(small)


def test_a_v1_tensor_of_a_trillion_elements(old):
    def change(items):
        meta = SavedTensorSlices.FromString(items[b""])
        for tensor in meta.meta.tensor:
            for dim in tensor.shape.dim:
                dim.size = 10**6
        items[b""] = meta.SerializeToString()

    rewrite(old, change)
    survive(old)


def test_v1_slices_that_claim_a_giant(old):
    def change(items):
        meta = SavedTensorSlices()
        tensor = meta.meta.tensor.add(name="a/kernel", type=1)
        tensor.shape.dim.add().size = 2**40
        for n in range(1024):
            tensor.slice.append(SliceSpec(((n * 2**30, 2**30),)).to_proto())
        items[b""] = meta.SerializeToString()

    rewrite(old, change)
    with pytest.raises(FormatError, match="1099511627776 elements in"):
        open_bundle(old)["a/kernel"]


# ---- verify finds what reading would not have touched


def test_verify_counts_bytes_and_finds_damage(small):
    seen = []
    open_bundle(small).verify(seen.append)
    data = small.with_name("m.data-00000-of-00001")
    assert sum(seen) > data.stat().st_size - 16
    content = bytearray(data.read_bytes())
    for name in ("a/kernel", "words"):
        content[open_bundle(small).info(name).offset + 2] ^= 1
    data.write_bytes(content)
    assert len(list(open_bundle(small).damage())) == 2
    with pytest.raises(FormatError):
        open_bundle(small).verify()


def test_verify_reads_again_and_knows_no_exceptions(small):
    data = small.with_name("m.data-00000-of-00001")
    for checks in (True, False):
        checkpoint = open_bundle(small, check_tensors=checks)
        kernel = checkpoint["a/kernel"]
        content = data.read_bytes()
        overwrite(data, flipped(content, 8 * checkpoint.info("a/kernel").offset))
        with pytest.raises(ChecksumError, match="'a/kernel'"):
            checkpoint.verify()
        overwrite(data, content)
        checkpoint.verify()
        assert kernel.tolist() == TENSORS["a/kernel"].tolist()


def test_checks_of_tensors_can_be_switched_off(small):
    data = small.with_name("m.data-00000-of-00001")
    at = open_bundle(small).info("a/kernel").offset
    overwrite(data, flipped(data.read_bytes(), 8 * at))
    with pytest.raises(ChecksumError) as caught:
        open_bundle(small)["a/kernel"]
    assert (caught.value.path, caught.value.offset) == (str(data), at)
    assert open_bundle(small, check_tensors=False)["a/kernel"].shape == (2, 3)


def test_verify_checks_the_metaindex(small):
    """Nobody reads it, so damage there stops nobody; verify mentions it all the same."""
    path = small.with_name("m.index")
    data = bytearray(path.read_bytes())
    data[IndexTable(DataFile(str(path)))._metaindex.offset] ^= 1
    overwrite(path, data)
    assert ["metaindex" in str(error) for error in open_bundle(small).damage()] == [True]
    assert read_all(small)["a/step"] == TENSORS["a/step"]


def test_damage_of_the_index_is_damage(small):
    path = small.with_name("m.index")
    overwrite(path, flipped(path.read_bytes(), 8 * 20))
    # Found at opening, which reads the first block to see the format.
    with pytest.raises(ChecksumError, match="block 0"):
        open_bundle(small)


def test_missing_data_file(small):
    shutil.move(small.with_name("m.data-00000-of-00001"), small.with_name("elsewhere"))
    damage = list(open_bundle(small).damage())
    assert len(damage) == len(TENSORS) + len(PARTS)
    assert all("no such file" in str(error) for error in damage)


def test_magic_is_what_real_files_end_with():
    assert int.from_bytes(MAGIC, "little") == 0xDB4775248B80FB57
