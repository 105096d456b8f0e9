"""TensorFlow as the other opinion: it reads what is written here, and what it writes is read here."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import BundleWriter, open_bundle, parse_shape_and_slice
from compat_saver.bundle.boxes import box_shape
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import MAGIC, IndexTable
from compat_saver.bundle.slices import parse_key
from compat_saver.errors import FormatError, SourceNotFoundError
from tests.bundle.conftest import MIXED, PARTITIONED, PARTS
from tests.bundle.crafting import NUMERIC, SHAPES, V1_FIELDS, sample, slice_of, write_big_endian, write_v1
from tests.bundle.test_boxes import tilings

pytestmark = pytest.mark.tensorflow

GOLDEN = Path(__file__).parents[1] / "golden"
CORPUS = os.environ.get("COMPAT_SAVER_CORPUS")

# TensorFlow takes names of any characters, but hands them to Python as UTF-8 without zero bytes.
NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    return tensorflow


def save_v2(tf, prefix, tensors, slices=None):
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[(slices or {}).get(name, "") for name in names],
        tensors=[as_tensor(tf, array) for array in tensors.values()],
    )


def as_tensor(tf, array):
    return tf.constant(array.tolist(), tf.string, array.shape) if array.dtype == object else tf.constant(array)


def compare(tf, prefix, *, values=True):
    """Asserts that TensorFlow's reader and ours find the same names, types, shapes and bytes."""
    theirs = tf.train.load_checkpoint(str(prefix))
    with open_bundle(prefix) as ours:
        types = {name: dtype.as_datatype_enum for name, dtype in theirs.get_variable_to_dtype_map().items()}
        assert {name: list(shape) for name, shape in ours.shapes().items()} == theirs.get_variable_to_shape_map()
        assert {name: dtype.number for name, dtype in ours.dtypes().items()} == types
        for name in ours if values else ():
            same(ours[name], read_theirs(tf, prefix, theirs, name))


def read_theirs(tf, prefix, reader, name):
    try:
        return reader.get_tensor(name)
    except tf.errors.UnimplementedError:  # "Sliced checkpoints are not supported", for V1
        dtype = reader.get_variable_to_dtype_map()[name]
        return tf.raw_ops.Restore(file_pattern=str(prefix), tensor_name=name, dt=dtype).numpy()


def same(ours, theirs):
    if ours.dtype == object:
        theirs = np.array(theirs, object)
        assert (ours.shape, ours.tolist()) == (theirs.shape, theirs.tolist())
    else:
        theirs = np.asarray(theirs)
        assert (ours.dtype, ours.shape, ours.tobytes()) == (theirs.dtype, theirs.shape, theirs.tobytes())


# ---- what TensorFlow writes


def test_bytes_are_those_that_tensorflow_writes(tf, tmp_path):
    """Of one width, so that no padding aligns them: the two files are equal to the last bit."""
    tensors = {f"layer{n}/weights": sample("float32", (n, 3), n) for n in range(40)}
    save_v2(tf, tmp_path / "theirs", tensors)
    with BundleWriter(tmp_path / "ours") as writer:
        for name, array in tensors.items():
            writer.add(name, array)
    for suffix in (".index", ".data-00000-of-00001"):
        assert Path(f"{tmp_path / 'ours'}{suffix}").read_bytes() == Path(f"{tmp_path / 'theirs'}{suffix}").read_bytes()


def test_index_of_several_blocks_is_the_same(tf, tmp_path):
    """Prefix compression, restarts, block sizes and separators, too."""
    tensors = {f"model/block_{n % 97}/layer_{n}/kernel": np.uint8(n % 251) for n in range(12_000)}
    save_v2(tf, tmp_path / "theirs", tensors)
    with BundleWriter(tmp_path / "ours") as writer:
        for name, array in tensors.items():
            writer.add(name, array)
    assert (tmp_path / "ours.index").read_bytes() == (tmp_path / "theirs.index").read_bytes()
    compare(tf, tmp_path / "theirs", values=False)


@given(st.data())
@settings(max_examples=25)
def test_reading_what_tensorflow_writes(tf, tmp_path_factory, data):
    kinds = st.tuples(st.sampled_from([n for n in NUMERIC if n[0] != "q"] + ["string"]), SHAPES)
    drawn = data.draw(st.dictionaries(NAMES, kinds, min_size=1, max_size=6))
    prefix = tmp_path_factory.mktemp("tf") / "m"
    save_v2(tf, prefix, {name: sample(*kind) for name, kind in drawn.items()})
    compare(tf, prefix)


@given(tilings())
@settings(max_examples=15)
def test_partitions_that_tensorflow_writes_in_several_shards(tf, tmp_path_factory, tiling):
    shape, parts = tiling
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    folder = tmp_path_factory.mktemp("tf")
    prefixes = [str(folder / f"part{n}") for n in range(len(parts))]
    for prefix, part in zip(prefixes, parts, strict=True):
        spec = f"{' '.join(map(str, shape))} {slice_of(part, shape)}"
        save_v2(tf, prefix, {"x": array[part]}, {"x": spec})
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=str(folder / "m"))
    compare(tf, folder / "m")
    with open_bundle(folder / "m") as checkpoint:
        checkpoint.verify()
        same(checkpoint["x"], array)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a", "9 9 0,9:3,2"),
        ("b/ü", "300 70000 255,1:65535,2"),
        ("\u07ff", "2 2 2 1,1:-:0,1"),
        ("x", "99999999 99999998,1"),
    ],
)
def test_slice_keys_are_those_of_tensorflow(tf, tmp_path, name, text):
    shape, spec = parse_shape_and_slice(text)
    part = np.zeros(box_shape(spec.box(shape)), np.float32)
    save_v2(tf, tmp_path / "m", {name: part}, {name: text})
    keys = [key for key, _ in IndexTable(DataFile(str(tmp_path / "m.index"))).items()]
    assert set(keys) == {b"", name.encode(), spec.key(name)}
    assert parse_key(spec.key(name)) == (name, spec)
    with open_bundle(tmp_path / "m") as checkpoint:
        assert list(checkpoint) == [name]
        with pytest.raises(FormatError, match="elements in no slice"):
            checkpoint[name]


@pytest.mark.parametrize("dtype", sorted(set(V1_FIELDS)))
def test_v1_that_tensorflow_writes(tf, tmp_path, dtype):
    tensors = {"whole": sample(dtype, (2, 3)), "scalar": sample(dtype, ()), "none": sample(dtype, (0, 2))}
    tf.raw_ops.Save(
        filename=str(tmp_path / "old"),
        tensor_names=list(tensors),
        data=[as_tensor(tf, array) for array in tensors.values()],
    )
    with open_bundle(tmp_path / "old") as checkpoint:
        checkpoint.verify()
        assert checkpoint.version == "V1"
        assert set(checkpoint) == set(tensors)
        for name, array in tensors.items():
            same(checkpoint[name], array)


def test_v1_slices_that_tensorflow_writes(tf, tmp_path):
    for shard, specs in enumerate([PARTS[:1], PARTS[1:]]):
        tf.raw_ops.SaveSlices(
            filename=str(tmp_path / f"old-{shard:05d}-of-00002"),
            tensor_names=["x"] * len(specs),
            shapes_and_slices=[f"7 5 {spec}" for spec in specs],
            data=[tf.constant(PARTITIONED[spec.box((7, 5))]) for spec in specs],
        )
    with open_bundle(tmp_path / "old-?????-of-?????") as checkpoint:
        same(checkpoint["x"], PARTITIONED)


def test_object_graph_is_a_string_like_any_other(tf, tmp_path):
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(str(tmp_path / "m"))
    compare(tf, tmp_path / "m")
    assert open_bundle(tmp_path / "m")["_CHECKPOINTABLE_OBJECT_GRAPH"].shape == ()


def test_variants_can_be_checked_and_copied(tf, tmp_path):
    iterator = iter(tf.data.Dataset.range(10).shuffle(4))
    next(iterator)
    tf.train.Checkpoint(it=iterator).write(str(tmp_path / "m"))
    with open_bundle(tmp_path / "m") as checkpoint, BundleWriter(tmp_path / "copy") as writer:
        checkpoint.verify()
        assert "variant" in {info.name for info in checkpoint.dtypes().values()}
        for name in checkpoint:
            writer.copy(name, checkpoint, name)
    restored = iter(tf.data.Dataset.range(10).shuffle(4))
    tf.train.Checkpoint(it=restored).read(str(tmp_path / "copy")).assert_consumed()
    assert list(restored) == list(iterator)


# ---- what TensorFlow reads


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("dtype", [*NUMERIC, "string"])
def test_tensorflow_reads_every_type(tf, tmp_path, dtype, shards):
    tensors = {f"x{n}": sample(dtype, shape, n) for n, shape in enumerate([(), (3,), (2, 0), (4, 3, 2)])}
    with BundleWriter(tmp_path / "m", shards=shards) as writer:
        for name, array in tensors.items():
            writer.add(name, array, dtypes.by_name(dtype))
    read = tf.raw_ops.RestoreV2(
        prefix=str(tmp_path / "m"),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        dtypes=[tf.dtypes.as_dtype(dtypes.by_name(dtype).number)] * len(tensors),
    )
    for array, found in zip(tensors.values(), read, strict=True):
        same(array, found.numpy())


def test_tensorflow_reads_partitions(tf, tmp_path):
    with BundleWriter(tmp_path / "m", shards=2) as writer:
        for spec in PARTS:
            writer.add_slice("x", (7, 5), spec, PARTITIONED[spec.box((7, 5))])
    (found,) = tf.raw_ops.RestoreV2(
        prefix=str(tmp_path / "m"),
        tensor_names=["x"],
        shape_and_slices=["7 5 2,4:1,2"],
        dtypes=[tf.float32],
    )
    same(PARTITIONED[2:6, 1:3], found.numpy())
    compare(tf, tmp_path / "m")


@pytest.mark.parametrize("keep_slices", [False, True])
def test_tensorflow_reads_copies(tf, tmp_path, bundle, keep_slices):
    with open_bundle(bundle) as checkpoint, BundleWriter(tmp_path / "copy", shards=2) as writer:
        for name in checkpoint:
            writer.copy(name, checkpoint, name, keep_slices=keep_slices)
    compare(tf, tmp_path / "copy")


def test_tensorflow_reads_a_big_endian_bundle_as_we_do(tf, tmp_path):
    # TensorFlow cannot swap complex numbers of rank 2 in all releases, so only plain types are compared.
    plain = {name: MIXED[name] for name in ("dense/kernel", "dense/bias", "global_step", "vocabulary")}
    write_big_endian(tmp_path / "m", plain)
    compare(tf, tmp_path / "m")


def test_tensorflow_reads_the_v1_of_these_tests(tf, tmp_path):
    """So that crafted V1 files are worth testing with."""
    tensors = {name: MIXED[name] for name in ("dense/kernel", "dense/bias", "global_step")}
    write_v1(tmp_path / "old", tensors)
    compare(tf, tmp_path / "old")


# ---- real files


def checkpoints_under(folder):
    """Yields everything below a folder that ends as a checkpoint's table does: V2 prefixes and V1 files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size >= 48 and path.read_bytes().endswith(MAGIC):
            yield path.with_suffix("") if path.suffix == ".index" else path


@pytest.mark.parametrize("release", sorted(path.name for path in GOLDEN.glob("[0-9]*")))
def test_golden_files(tf, release):
    found = list(checkpoints_under(GOLDEN / release))
    assert found
    for prefix in found:
        compare(tf, prefix)
        open_bundle(prefix).verify()


@pytest.mark.skipif(not CORPUS, reason="COMPAT_SAVER_CORPUS names no folder of real checkpoints")
def test_corpus(tf):
    found = list(checkpoints_under(Path(CORPUS)))
    assert found
    for prefix in found:
        try:
            compare(tf, prefix)
        except SourceNotFoundError:
            compare(tf, prefix, values=False)  # the corpus leaves out large data files
