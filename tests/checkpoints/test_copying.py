"""What is copied stays what it was, whichever operation copies it."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import checkpoints
from compat_saver.bundle import open_bundle
from compat_saver.errors import ArtifactError, ChecksumError, OutputExistsError, UsageError
from tests.bundle.crafting import NAMES, NUMERIC, SHAPES, sample, write_big_endian, write_v1
from tests.checkpoints.files import arrays, golden, write
from tests.small_models import write_checkpoint

OPERATIONS = {
    "convert": checkpoints.convert,
    "rename": lambda source, out, **options: checkpoints.rename(source, out, {"flags": "flags2"}, **options),
    "drop": lambda source, out, **options: checkpoints.drop(source, out, ["flags"], **options),
    "keep": lambda source, out, **options: checkpoints.keep(source, out, ["*"], **options),
    "cast": lambda source, out, **options: checkpoints.cast(source, out, {"float64": "float32"}, **options),
    "average": lambda source, out, **options: checkpoints.average([source, source], out, **options),
    "merge": lambda source, out, **options: checkpoints.merge([source, source], out, prefer="last", **options),
}


@pytest.fixture(params=OPERATIONS)
def operation(request):
    return OPERATIONS[request.param]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("join", [False, True])
def test_convert_keeps_every_bit(mixed, expected, tmp_path, shards, join):
    written = checkpoints.convert(mixed, tmp_path / "out", shards=shards, join=join)
    assert arrays(tmp_path / "out") == expected
    assert [os.path.exists(path) for path in written.files] == [True] * (shards + 1)
    assert (written.tensors, written.changed) == (len(expected), {})
    with open_bundle(tmp_path / "out") as found:
        assert len(found.info("part").slices) == (0 if join else 3)
        found.verify()


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from([*NUMERIC, "string"]), SHAPES), max_size=5), st.integers(1, 3))
def test_any_checkpoint_survives_conversion(tmp_path_factory, drawn, shards):
    folder = tmp_path_factory.mktemp("any")
    write_checkpoint(folder / "m", {name: sample(*kind) for name, kind in drawn.items()})
    checkpoints.convert(folder / "m", folder / "out", shards=shards)
    assert arrays(folder / "out") == arrays(folder / "m")
    assert not checkpoints.diff(folder / "m", folder / "out")


def test_v1_becomes_v2(tmp_path):
    tensors = {"w": sample("float32", (3, 4)), "z": sample("complex64", (2,)), "n": sample("int64", (5,))}
    tensors |= {"h": sample("float16", (4,)), "words": sample("string", (3,)), "none": sample("float64", (0, 2))}
    write_v1(tmp_path / "old", tensors)
    checkpoints.convert(tmp_path / "old", tmp_path / "new")
    with open_bundle(tmp_path / "new") as found:
        assert found.version == "V2"
        assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in tensors.items()}


@pytest.mark.parametrize("release", ["0.12.1", "1.15.5"])
@pytest.mark.parametrize("name", ["v1_format", "sharded", "partitioned", "int_bool_string"])
def test_golden_checkpoints_survive(name, release, tmp_path):
    checkpoints.convert(golden(name, release), tmp_path / "out", shards=2)
    assert arrays(tmp_path / "out") == arrays(golden(name, release))


def test_big_endian_becomes_little(tmp_path, mixed):
    tensors = {"a": sample("float32", (3,)), "words": sample("string", (2,))}
    write_big_endian(tmp_path / "big", tensors)
    checkpoints.convert(tmp_path / "big", tmp_path / "out")
    assert arrays(tmp_path / "out") == arrays(tmp_path / "big")


def test_nothing_is_overwritten_unasked(operation, mixed, tmp_path):
    write(tmp_path / "out", x=1)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        operation(mixed, tmp_path / "out")
    assert list(arrays(tmp_path / "out")) == ["x"]
    operation(mixed, tmp_path / "out", overwrite=True)
    assert "part" in arrays(tmp_path / "out")


def test_a_dry_run_writes_nothing(operation, mixed, tmp_path):
    before = sorted(os.listdir(tmp_path))
    written = operation(mixed, tmp_path / "new" / "out", dry_run=True)
    assert (written.output, written.files) == (None, ())
    assert sorted(os.listdir(tmp_path)) == before


def test_a_checkpoint_can_take_its_own_place(mixed, expected, tmp_path):
    checkpoints.drop(mixed, mixed, ["flags"], overwrite=True)
    assert arrays(mixed) == {name: value for name, value in expected.items() if name != "flags"}


def test_shards_that_an_overwritten_checkpoint_had_are_gone(mixed, tmp_path):
    checkpoints.convert(mixed, mixed, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["mixed.data-00000-of-00001", "mixed.index"]


def test_damage_stops_every_operation(operation, mixed, tmp_path):
    with open_bundle(mixed) as checkpoint:
        info = checkpoint.info("dense/bias")
        path = checkpoint.files[1 + info.shard]
    with open(path, "r+b") as file:
        file.seek(info.offset + 1)
        file.write(b"\xff\xfe")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ChecksumError, match="dense/bias"):
        operation(mixed, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == before


def test_missing_shards_are_named(operation, mixed, tmp_path):
    os.unlink(tmp_path / "mixed.data-00001-of-00002")
    with pytest.raises(ArtifactError, match="data-00001-of-00002"):
        operation(mixed, tmp_path / "out")


def test_progress_counts_to_the_end(operation, mixed, tmp_path):
    seen = []
    written = operation(mixed, tmp_path / "out", progress=lambda count, total: seen.append((count, total)))
    assert {total for _, total in seen} == {written.nbytes}
    assert sum(count for count, _ in seen) == written.nbytes


def test_a_folder_and_any_file_are_sources_too(tmp_path):
    folder = golden("dense_adam").parent
    for source in (folder, f"{golden('dense_adam')}.index", f"{golden('dense_adam')}.data-00000-of-00001"):
        assert checkpoints.convert(source, tmp_path / "out", dry_run=True).tensors == 15


@pytest.mark.parametrize(
    ("output", "hint"), [("there", "there/model.ckpt"), ("new/", "new/model.ckpt"), ("m.index", "such as .*/m$")]
)
def test_outputs_that_are_no_prefix(operation, mixed, tmp_path, output, hint):
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match=hint):
        operation(mixed, f"{tmp_path}/{output}", overwrite=True)


def test_too_many_shards(mixed, tmp_path):
    with pytest.raises(UsageError, match="shards"):
        checkpoints.convert(mixed, tmp_path / "out", shards=0)


def test_the_public_names_are_these():
    public = {name for name, item in vars(checkpoints).items() if getattr(item, "__module__", "") and name[0] != "_"}
    assert {name for name in public if callable(getattr(checkpoints, name))} == set(checkpoints.__all__)
    assert checkpoints.__all__ == sorted(checkpoints.__all__)
    assert all(getattr(checkpoints, name).__doc__ for name in checkpoints.__all__)
    assert np.ndarray not in vars(checkpoints).values()
