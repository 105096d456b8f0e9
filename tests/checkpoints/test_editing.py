"""rename, drop, keep, ema, cast, merge, average."""

import json

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import checkpoints
from compat_saver.bundle import BundleWriter, SliceSpec, open_bundle
from compat_saver.checkpoints.renaming import new_names_of
from compat_saver.errors import UsageError
from tests.checkpoints.files import arrays, golden, write


def names(prefix):
    return list(open_bundle(prefix))


# ---- rename


def test_names_may_be_swapped(tmp_path):
    source = write(tmp_path / "m", a=1, b=2, c=3)
    written = checkpoints.rename(source, tmp_path / "out", {"a": "b", "b": "a"})
    with open_bundle(tmp_path / "out") as found:
        assert {name: int(value) for name, value in found.items()} == {"a": 2, "b": 1, "c": 3}
    assert written.changed == {"b": "was a", "a": "was b"}


def test_patterns_come_after_names_and_one_after_the_other():
    known = ["tower_0/w", "tower_0/b", "step"]
    patterns = [(r"^tower_(\d)/", r"t\1/"), ("t0", "main")]
    found = new_names_of(known, {"tower_0/b": "tower_0/bias"}, patterns)
    assert found == {"tower_0/w": "main/w", "tower_0/b": "tower_0/bias", "step": "step"}


@pytest.mark.parametrize(
    ("names", "patterns", "words"),
    [
        ({"dense/kernal": "x"}, [], r"'dense/kernal'; did you mean 'dense/kernel'"),
        ({}, [("nothing", "x"), ("dense", "d")], "the pattern 'nothing'"),
        ({"a": "b"}, [], "same name: 'b' .*was a.*kept as it is|same name: 'b' .*kept as it is.*was a"),
        ({}, [("^.*$", "same")], "same name: 'same'"),
        ({"a": ""}, [], "Nothing would be left of the names of 'a'"),
        ({}, [("(", "x")], "no regular expression"),
        ({}, [("a", r"\7")], "cannot replace"),
        ({}, [("a", r"\g<x>")], "cannot replace"),
    ],
)
def test_renames_refused(tmp_path, names, patterns, words):
    source = write(tmp_path / "m", a=1, b=2, dense__kernel=3)
    with pytest.raises(UsageError, match=words):
        checkpoints.rename(source, tmp_path / "out", names, patterns)


@given(st.permutations(["a", "b", "c", "d/e"]))
def test_any_permutation_and_back(tmp_path_factory, targets):
    folder = tmp_path_factory.mktemp("names")
    source = write(folder / "m", a=1, b=2, c=3, d__e=4)
    there = dict(zip(["a", "b", "c", "d/e"], targets, strict=True))
    checkpoints.rename(source, folder / "there", there)
    checkpoints.rename(folder / "there", folder / "back", {new: old for old, new in there.items()})
    assert arrays(folder / "back") == arrays(source)


def test_partitions_keep_their_slices_under_new_names(tmp_path):
    source = golden("partitioned")
    checkpoints.rename(source, tmp_path / "out", {"sliced/table": "t"})
    before, after = open_bundle(source), open_bundle(tmp_path / "out")
    assert after.info("t").slices == before.info("sliced/table").slices
    assert after["t"].tolist() == before["sliced/table"].tolist()


@pytest.mark.parametrize(
    "text", ['{"a": "b", "c": "d"}', "a: b\nc: d\n", "# a comment\n'a': b\n\"c\": d", '{"a": b, c: "d"}']
)
def test_maps_in_json_and_yaml(tmp_path, text):
    (tmp_path / "map").write_text(text)
    assert checkpoints.read_map(tmp_path / "map") == {"a": "b", "c": "d"}


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"a": 1}', "a", "{", "\x00", '{"a": "b", "a": "c"}', "a: [", "1: b"])
def test_files_that_are_no_maps(tmp_path, text):
    (tmp_path / "map").write_text(text)
    with pytest.raises(UsageError, match="map: expected"):
        checkpoints.read_map(tmp_path / "map")


def test_a_map_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        checkpoints.read_map(tmp_path / "map")


# ---- drop, keep


def test_patterns_go_across_slashes(tmp_path):
    source = golden("dense_adam")
    written = checkpoints.drop(source, tmp_path / "out", ["*/Adam*", "beta?_power"])
    assert names(tmp_path / "out") == ["global_step", "hidden/bias", "hidden/kernel", "logits/bias", "logits/kernel"]
    assert len(written.dropped) == 10
    checkpoints.keep(source, tmp_path / "kept", ["hidden/*", "global_step"])
    assert len(names(tmp_path / "kept")) == 7


@pytest.mark.parametrize("release", ["0.12.1", "1.4.1", "1.15.5"])
@pytest.mark.parametrize("name", ["dense_adam", "partitioned", "conv_batch_norm", "embedding"])
def test_slots_are_what_the_names_say(name, release, tmp_path):
    """With the graph beside the checkpoint and without, the same tensors are left out."""
    source = golden(name, release)
    if name == "dense_adam" or any("Adam" in tensor for tensor in open_bundle(source)):
        slots = checkpoints.slots_of(source)
        checkpoints.convert(source, tmp_path / "alone")
        assert checkpoints.slots_of(tmp_path / "alone") == slots
        assert all("Adam" in slot or "_power" in slot or "Momentum" in slot for slot in slots)
        assert not [tensor for tensor in open_bundle(source) if "/Adam" in tensor and tensor not in slots]


@pytest.mark.parametrize(
    ("operation", "patterns", "words"),
    [
        (checkpoints.drop, ["b", "x*", "yy"], "'x\\*', 'yy'"),
        (checkpoints.drop, [], "nothing to drop"),
        (checkpoints.keep, [], "nothing to keep"),
        (checkpoints.keep, ["denss"], "did you mean 'dense'"),
    ],
)
def test_selections_refused(tmp_path, operation, patterns, words):
    source = write(tmp_path / "m", a=1, b=2, dense=1)
    with pytest.raises(UsageError, match=words):
        operation(source, tmp_path / "out", patterns)


def test_no_slots(tmp_path):
    with pytest.raises(UsageError, match="no slots"):
        checkpoints.drop(write(tmp_path / "m", a=1), tmp_path / "out", slots=True)


def test_a_name_with_brackets_is_a_pattern_too(tmp_path):
    source = write(tmp_path / "m", **{"a[0]": 1, "a0": 2})
    checkpoints.keep(source, tmp_path / "out", ["a[0]"])
    assert names(tmp_path / "out") == ["a0", "a[0]"]


# ---- ema


@pytest.mark.parametrize("release", ["0.12.1", "1.15.5"])
def test_averages_take_the_place_of_their_variables(tmp_path, release):
    source = golden("moving_average", release)
    before = open_bundle(source)
    averages = [name for name in before if name.endswith("/ExponentialMovingAverage")]
    checkpoints.ema(source, tmp_path / "out")
    after = open_bundle(tmp_path / "out")
    assert set(after) == set(before) - set(averages)
    for name in averages:
        plain = name.removesuffix("/ExponentialMovingAverage")
        assert after[plain].tolist() == before[name].tolist() != before[plain].tolist()


def test_no_averages(tmp_path):
    with pytest.raises(UsageError, match="no moving averages"):
        checkpoints.ema(golden("dense_adam"), tmp_path / "out")


def test_an_average_of_another_shape(tmp_path):
    source = write(tmp_path / "m", a=[1.0, 2.0], a__Mean=[1.0])
    with pytest.raises(UsageError, match="'a/Mean'"):
        checkpoints.ema(source, tmp_path / "out", suffix="Mean")


# ---- cast


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("float64", "float32"),
        ("float32", "bfloat16"),
        ("float32", "float16"),
        ("float64", "bfloat16"),
        ("float32", "float8_e4m3fn"),
        ("float64", "float8_e5m2"),
        ("bfloat16", "float32"),
        ("int64", "int32"),
        ("int64", "int4"),
        ("complex128", "complex64"),
    ],
)
def test_casts_are_those_of_numpy(tmp_path, old, new):
    from compat_saver import dtypes

    values = np.array([0, 1, 1.5, 2.5, 3, -3, 1 / 3, 7], dtypes.by_name("float64").numpy)
    array = values.astype(dtypes.by_name(old).numpy)
    source = write(tmp_path / "m", x=array, s=np.array([b"a"], object))
    written = checkpoints.cast(source, tmp_path / "out", {old: new})
    with open_bundle(tmp_path / "out") as found:
        assert found.info("x").dtype.name == new
        assert found["x"].tolist() == array.astype(dtypes.by_name(new).numpy).tolist()
        found.verify()
    assert written.changed == {"x": f"was {old}"}


def test_only_what_matches_is_cast_and_partitions_stay(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        for start in (0, 2):
            writer.add_slice("p", (4, 2), SliceSpec.parse(f"{start},2:-"), np.full((2, 2), start, np.float32))
        writer.add("q", np.float32([1]))
    checkpoints.cast(tmp_path / "m", tmp_path / "out", {"float32": "bfloat16"}, only=["p"])
    with open_bundle(tmp_path / "out") as found:
        assert {name: dtype.name for name, dtype in found.dtypes().items()} == {"p": "bfloat16", "q": "float32"}
        assert len(found.info("p").slices) == 2
        assert found["p"].astype(float).tolist() == [[0, 0], [0, 0], [2, 2], [2, 2]]


@pytest.mark.parametrize(
    ("array", "types", "words"),
    [
        (np.float64([1e300]), {"float64": "float32"}, "'x' holds values that float32 cannot, such as 1e\\+300"),
        (np.float32([1e5]), {"float32": "float16"}, "'x' holds"),
        (np.int64([1, 2**40]), {"int64": "int32"}, "such as 1099511627776"),
        (np.int64([-1]), {"int64": "uint64"}, "such as -1"),
        (np.uint64([2**63]), {"uint64": "int64"}, "'x' holds"),
        (np.float32([1]), {"float32": "int32"}, "cannot become"),
        (np.float32([1]), {"float": "int32"}, "no type 'float'"),
        (np.float32([1]), {"string": "string"}, "cannot become"),
        (np.float32([1]), {"float64": "float32"}, "no tensor to cast is of float64"),
    ],
)
def test_casts_refused(tmp_path, array, types, words):
    with pytest.raises(UsageError, match=words):
        checkpoints.cast(write(tmp_path / "m", x=array), tmp_path / "out", types)
    assert not (tmp_path / "out.index").exists()


def test_what_is_infinite_stays_so(tmp_path):
    checkpoints.cast(write(tmp_path / "m", x=[np.inf, np.nan]), tmp_path / "out", {"float64": "float16"})
    assert str(open_bundle(tmp_path / "out")["x"]) == "[inf nan]"


# ---- merge, average


def test_merge(tmp_path):
    a, b = write(tmp_path / "a", x=1, y=2), write(tmp_path / "b", y=3, z=4)
    with pytest.raises(UsageError, match=r"hold 'y'.*--prefer"):
        checkpoints.merge([a, b], tmp_path / "out")
    for prefer, y in (("first", 2), ("last", 3)):
        checkpoints.merge([a, b], tmp_path / "out", prefer=prefer, overwrite=True)
        assert {name: int(value) for name, value in open_bundle(tmp_path / "out").items()} == {"x": 1, "y": y, "z": 4}
    with pytest.raises(UsageError, match="'first' or 'last'"):
        checkpoints.merge([a, b], tmp_path / "out", prefer="b")


@pytest.mark.parametrize("operation", [checkpoints.merge, checkpoints.average])
@pytest.mark.parametrize("count", [0, 1])
def test_one_checkpoint_is_too_few(tmp_path, operation, count):
    with pytest.raises(UsageError, match="at least two"):
        operation([write(tmp_path / "m", x=1)] * count, tmp_path / "out")
    with pytest.raises(UsageError, match="at least two"):
        operation("ab", tmp_path / "out")


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=2, max_size=5),
    st.sampled_from(["float32", "float64", "bfloat16", "float16"]),
)
def test_the_mean_is_that_of_numpy_in_64_bits(tmp_path_factory, rows, dtype):
    folder = tmp_path_factory.mktemp("mean")
    element = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    with np.errstate(over="ignore"):
        stored = [np.array(row).clip(-6e4, 6e4).astype(element) for row in rows]
    sources = [write(folder / str(n), x=array, step=n) for n, array in enumerate(stored)]
    checkpoints.average(sources, folder / "out")
    with open_bundle(folder / "out") as found:
        total = stored[0].astype(np.float64)
        for array in stored[1:]:
            total = total + array.astype(np.float64)
        assert found["x"].tolist() == (total / len(stored)).astype(element).tolist()
        assert found["step"] == len(rows) - 1


def test_the_mean_does_not_depend_on_how_tensors_are_stored(tmp_path):
    array = np.arange(40, dtype=np.float32).reshape(10, 4)
    whole = write(tmp_path / "whole", x=array)
    with BundleWriter(tmp_path / "parts", shards=2) as writer:
        for spec in map(SliceSpec.parse, ("0,10:0,1", "0,10:1,3")):
            writer.add_slice("x", (10, 4), spec, 3 * array[spec.box((10, 4))])
    checkpoints.average([whole, tmp_path / "parts"], tmp_path / "out")
    with open_bundle(tmp_path / "out") as found:
        assert found["x"].tolist() == (2 * array).tolist()
        assert len(found.info("x").slices) == 2


@pytest.mark.parametrize("other", [{"x": [1.0]}, {"x": [1.0, 2.0], "y": 1}, {"x": np.float32([1, 2])}])
def test_checkpoints_of_other_models(tmp_path, other):
    a, b = write(tmp_path / "a", x=[1.0, 2.0]), write(tmp_path / "b", **other)
    with pytest.raises(UsageError, match=r"not of one model: .*'[xy]'"):
        checkpoints.average([a, b], tmp_path / "out")


def test_what_was_written_as_json(tmp_path):
    found = checkpoints.keep(write(tmp_path / "m", a=1, b=2), tmp_path / "out", ["a"]).to_dict()
    assert json.loads(json.dumps(found)) == {
        "output": str(tmp_path / "out"),
        "files": [f"{tmp_path}/out.index", f"{tmp_path}/out.data-00000-of-00001"],
        "tensors": 1,
        "bytes": 8,
        "changed": {},
        "dropped": ["b"],
        "notes": [],
    }
