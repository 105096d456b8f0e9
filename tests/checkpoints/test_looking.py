"""ls, get, stats, diff, verify, object_keys."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import checkpoints
from compat_saver.bundle import open_bundle
from compat_saver.bundle.files import DataFile
from compat_saver.checkpoints.reading import parse_slices
from compat_saver.checkpoints.values import together
from compat_saver.errors import (
    FormatError,
    OutputExistsError,
    SourceNotFoundError,
    TensorNotFoundError,
    UsageError,
)
from compat_saver.proto.messages import TrackableObjectGraph
from tests.bundle.conftest import PARTITIONED
from tests.bundle.crafting import sample, write_v1
from tests.checkpoints.files import golden, write

# ---- ls


def test_a_listing_needs_no_data_files(mixed, tmp_path):
    for path in tmp_path.glob("*.data-*"):
        path.unlink()
    found = checkpoints.ls(mixed)
    assert [row.name for row in found.rows] == list(open_bundle(mixed))
    assert {row.name: row.parts for row in found.rows}["part"] == 3
    assert any("missing" in note for note in found.notes)


def test_a_listing_of_some(mixed):
    assert [row.name for row in checkpoints.ls(mixed, ("dense/*",)).rows] == ["dense/bias", "dense/kernel"]
    with pytest.raises(UsageError, match="No tensor matches 'dence/\\*'"):
        checkpoints.ls(mixed, ("dence/*",))


def object_graph():
    graph = TrackableObjectGraph()
    root, layer, kernel, optimizer, slot = (graph.nodes.add() for _ in range(5))
    root.children.add(node_id=1, local_name="layer")
    root.children.add(node_id=3, local_name="optimizer")
    root.children.add(node_id=2, local_name="a_longer/way")
    layer.children.add(node_id=2, local_name="kernel")
    kernel.attributes.add(name="VARIABLE_VALUE", full_name="dense/kernel", checkpoint_key="layer/kernel/.ATTRIBUTES/V")
    optimizer.slot_variables.add(original_variable_node_id=2, slot_name="m", slot_variable_node_id=4)
    slot.attributes.add(name="VARIABLE_VALUE", full_name="dense/kernel/m", checkpoint_key="slot")
    return graph


def write_objects(prefix, graph):
    value = np.array(graph if isinstance(graph, bytes) else graph.SerializeToString(), object)
    return write(prefix, **{"_CHECKPOINTABLE_OBJECT_GRAPH": value, "slot": 1.0, "layer/kernel/.ATTRIBUTES/V": 2.0})


def test_object_keys(tmp_path):
    found = checkpoints.object_keys(write_objects(tmp_path / "m", object_graph()))
    assert {key: (item.path, item.full_name) for key, item in found.items()} == {
        "layer/kernel/.ATTRIBUTES/V": ("a_longer/way", "dense/kernel"),
        "slot": ("a_longer/way/.OPTIMIZER_SLOT/optimizer/m", "dense/kernel/m"),
    }
    assert checkpoints.object_keys(golden("dense_adam")) == {}


@pytest.mark.parametrize("child", [7, -1])
@pytest.mark.parametrize("where", ["children", "slot_variables"])
def test_references_to_nothing(tmp_path, child, where):
    graph = object_graph()
    field = {"children": "node_id", "slot_variables": "slot_variable_node_id"}[where]
    getattr(graph.nodes[0], where).add(**{field: child})
    with pytest.raises(FormatError, match=f"object {child} of 5"):
        checkpoints.object_keys(write_objects(tmp_path / "m", graph))


def test_an_object_graph_that_is_none(tmp_path):
    with pytest.raises(FormatError, match="TrackableObjectGraph"):
        checkpoints.ls(write_objects(tmp_path / "m", b"\xff\xff"))
    with pytest.raises(FormatError, match="float64"):
        checkpoints.ls(write(tmp_path / "n", _CHECKPOINTABLE_OBJECT_GRAPH=1.0))


def test_a_circle_of_objects(tmp_path):
    graph = object_graph()
    graph.nodes[2].children.add(node_id=0, local_name="parent")
    graph.nodes[0].children.add(node_id=0, local_name="me")
    assert len(checkpoints.object_keys(write_objects(tmp_path / "m", graph))) == 2


def test_renaming_objects_is_noted(tmp_path):
    source = write_objects(tmp_path / "m", object_graph())
    assert "object graph" in checkpoints.rename(source, tmp_path / "out", {"slot": "x"}).notes[0]


# ---- get


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("0:10,:", (slice(0, 10), slice(None))),
        ("[ -3: , :-1 ]", (slice(-3, None), slice(None, -1))),
    ],
)
def test_slices(text, expected):
    assert parse_slices(text) == expected


@pytest.mark.parametrize("text", ["1", "a:b", "1:2:3", "0:1,", ",", "1.5:2"])
def test_bad_slices(text):
    with pytest.raises(UsageError, match="expected ranges"):
        parse_slices(text)


def test_get(mixed, tmp_path):
    assert checkpoints.get(mixed, "part", "2:4,1:3").tolist() == PARTITIONED[2:4, 1:3].tolist()
    with pytest.raises(TensorNotFoundError, match="did you mean 'part'"):
        checkpoints.get(mixed, "parts")
    with pytest.raises(UsageError, match="3 slices"):
        checkpoints.get(mixed, "part", ":,:,:")


@pytest.mark.parametrize("name", ["dense/kernel", "dense/bias", "global_step", "flags", "empty", "wave", "part"])
def test_npy_files_are_those_of_numpy(mixed, tmp_path, name):
    checkpoints.save_tensor(mixed, name, tmp_path / "x.npy")
    found, stored = np.load(tmp_path / "x.npy"), open_bundle(mixed)[name]
    assert (found.dtype, found.shape, found.tobytes()) == (stored.dtype, stored.shape, stored.tobytes())


def test_npy_files_of_parts_and_of_odd_types(mixed, tmp_path):
    checkpoints.save_tensor(mixed, "part", tmp_path / "x.npy", "1:3")
    assert np.load(tmp_path / "x.npy").tolist() == PARTITIONED[1:3].tolist()
    checkpoints.save_tensor(mixed, "half", tmp_path / "h.npy")
    assert np.load(tmp_path / "h.npy").view(ml_dtypes.bfloat16).tolist() == open_bundle(mixed)["half"].tolist()
    source = write(tmp_path / "s", s=np.array([b"a", b"longer"], object), z=np.array([b"a\0"], object))
    checkpoints.save_tensor(source, "s", tmp_path / "s.npy")
    assert np.load(tmp_path / "s.npy").tolist() == [b"a", b"longer"]
    with pytest.raises(UsageError, match="zero byte"):
        checkpoints.save_tensor(source, "z", tmp_path / "z.npy")
    with pytest.raises(OutputExistsError):
        checkpoints.save_tensor(source, "s", tmp_path / "s.npy")
    checkpoints.save_tensor(source, "s", tmp_path / "s.npy", "0:1", overwrite=True)
    assert np.load(tmp_path / "s.npy").tolist() == [b"a"]


# ---- stats


def stats_of(tmp_path, array):
    (found,) = checkpoints.stats(write(tmp_path / "m", x=array)).tensors
    return found.smallest, found.largest, found.mean, found.nan, found.inf


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ([1.0, np.nan, -3.0, np.inf, -np.inf], (-3.0, 1.0, -1.0, 1, 2)),
        (np.float16([6e4] * 4), (59_994.0, 60_000.0, 60_000.0, 0, 0)),
        (np.array([1, 2, np.nan], ml_dtypes.bfloat16), (1.0, 2.0, 1.5, 1, 0)),
        (np.array([1, -2], ml_dtypes.float8_e4m3fn), (-2.0, 1.0, -0.5, 0, 0)),
        (np.array([-8, 7], ml_dtypes.int4), (-8, 7, -0.5, 0, 0)),
        (np.int64([2**62, 2**62 + 1]), (2**62, 2**62 + 1, 2.0**62, 0, 0)),
        (np.uint8([250, 250]), (250, 250, 250.0, 0, 0)),
        ([True, False], (0, 1, 0.5, 0, 0)),
        ([3 + 4j, complex(np.nan, 1)], (5.0, 5.0, 5.0, 1, 0)),
        (np.zeros((0, 3)), (None, None, None, 0, 0)),
        ([np.nan], (None, None, None, 1, 0)),
        (np.array([b"a"], object), (None, None, None, 0, 0)),
    ],
)
def test_statistics(tmp_path, array, expected):
    found = stats_of(tmp_path, np.asarray(array))
    assert found[2:] == expected[2:]
    assert found[:2] == (expected[:2] if expected[1] != 60_000.0 else (np.float16(6e4), np.float16(6e4)))


def test_statistics_of_many_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("compat_saver.checkpoints.values.PIECE", 3)
    array = np.arange(20, dtype=np.float32)
    assert stats_of(tmp_path, array) == (0.0, 19.0, 9.5, 0, 0)


def test_the_tensors_that_are_not_sound(tmp_path):
    found = checkpoints.stats(write(tmp_path / "m", a=[1.0], b=[np.nan], c=[np.inf]))
    assert [item.name for item in found.unsound] == ["b", "c"]
    assert [item.name for item in checkpoints.stats(tmp_path / "m", ["[ab]"]).tensors] == ["a", "b"]


# ---- diff


def differences(tmp_path, a, b, **options):
    found = checkpoints.diff(write(tmp_path / "a", x=np.asarray(a)), write(tmp_path / "b", x=np.asarray(b)), **options)
    return [(item.kind, item.elements, item.largest) for item in found.tensors]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.5], ("values", 1, 0.5)),
        ([np.nan, 1.0], [np.nan, 1.0], None),
        ([0.0], [-0.0], None),
        ([np.inf, 1.0], [np.inf, 2.0], ("values", 1, 1.0)),
        ([np.inf], [-np.inf], ("values", 1, None)),
        ([np.nan, 1.0], [0.0, 3.0], ("values", 2, None)),
        (np.int64([2**62, -(2**63)]), np.int64([2**62 + 1, 2**63 - 1]), ("values", 2, 2.0**64)),
        (np.uint64([0]), np.uint64([2**64 - 1]), ("values", 1, 2.0**64)),
        ([1 + 1j], [1 + 2j], ("values", 1, 1.0)),
        ([True], [False], ("values", 1, 1.0)),
        (np.array([1], ml_dtypes.bfloat16), np.array([3], ml_dtypes.bfloat16), ("values", 1, 2.0)),
        (np.array([b"a", b"b"], object), np.array([b"a", b"c"], object), ("values", 1, None)),
        (np.array([b"a"], object), [1.0], ("dtype", None, None)),
        ([1.0], np.float32([1.0]), ("dtype", 0, 0.0)),
        ([1.5], np.int64([1]), ("dtype", 1, 0.5)),
        ([1.0], [[1.0]], ("shape", None, None)),
        (np.zeros(0), np.zeros(0), None),
    ],
)
def test_differences(tmp_path, a, b, expected):
    assert differences(tmp_path, a, b) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"atol": 0.1}, []),
        ({"atol": 0.05}, [("values", 1, 0.0625)]),
        ({"rtol": 0.04}, []),
        ({"rtol": 0.03}, [("values", 1, 0.0625)]),
    ],
)
def test_tolerances(tmp_path, options, found):
    assert differences(tmp_path, [1.0, 2.0625], [1.0, 2.0], **options) == found


def test_tolerances_of_integers_and_casts(tmp_path):
    assert differences(tmp_path, np.int64([5, 9]), np.int64([5, 10]), atol=1) == []
    assert differences(tmp_path, [1.0], np.float32([1.0]), ignore_dtype=True) == []
    assert differences(tmp_path, [1.1], np.float32([1.1]), ignore_dtype=True, rtol=1e-6) == []
    assert len(differences(tmp_path, [1.1], np.float32([1.1]), ignore_dtype=True)) == 1


def test_names_that_only_one_has(tmp_path):
    found = checkpoints.diff(write(tmp_path / "a", x=1, y=1), write(tmp_path / "b", y=1, z=1))
    assert [(item.name, item.kind) for item in found.tensors] == [("x", "only in A"), ("z", "only in B")]
    assert (found.same, bool(found)) == (1, True)


def test_formats_and_partitions_make_no_difference(mixed, tmp_path):
    checkpoints.convert(mixed, tmp_path / "out", join=True)
    assert not checkpoints.diff(mixed, tmp_path / "out")
    tensors = {"w": sample("float32", (5, 4)), "n": sample("int32", (3,))}
    write_v1(tmp_path / "old", tensors)
    assert not checkpoints.diff(tmp_path / "old", write(tmp_path / "new", **tensors))


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=4))
def test_streams_meet_however_they_are_cut(cuts):
    total = min(sum(cut) for cut in cuts)

    def stream(sizes):
        values = np.arange(total)
        for size in [*sizes, total]:
            if len(values):
                yield values[:size]
            values = values[size:]

    pieces = list(together(*map(stream, cuts)))
    assert all(len({len(part) for part in piece}) == 1 for piece in pieces)
    for number in range(len(cuts)):
        joined = [int(value) for piece in pieces for value in piece[number]]
        assert joined == list(range(total))


# ---- verify


def test_every_damage_is_listed(mixed, tmp_path):
    assert checkpoints.verify(mixed).is_intact
    with open_bundle(mixed) as checkpoint:
        places = [(checkpoint.files[1 + info.shard], info.offset) for info in map(checkpoint.info, ["flags", "half"])]
    for path, offset in places:
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ 4]))
    seen = []
    found = checkpoints.verify(mixed, progress=lambda count, total: seen.append(count))
    assert sorted("'flags'" in str(error) or 2 * ("'half'" in str(error)) for error in found.damage) == [1, 2]
    facts = found.to_dict()["damage"]
    assert {item["error"] for item in facts} == {"ChecksumError"}
    assert all(item["path"] and item["expected"] and item["found"] for item in facts)
    assert sum(seen) <= found.nbytes


def test_an_index_too_damaged_to_open_is_damage(mixed):
    path = f"{mixed}.index"
    size = DataFile(path).size
    with open(path, "r+b") as file:
        file.truncate(size - 3)
    found = checkpoints.verify(mixed)
    assert (len(found.damage), found.is_intact) == (1, False)


def test_nothing_to_verify(tmp_path):
    with pytest.raises(SourceNotFoundError):
        checkpoints.verify(tmp_path / "none")
