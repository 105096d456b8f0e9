"""Every tensor of every golden checkpoint comes as TensorFlow's own reader gives it; what it cannot, is told well."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compat_saver import dtypes
from compat_saver.bundle import BundleWriter, SliceSpec
from compat_saver.errors import CompatSaverError, SourceNotFoundError, TensorNotFoundError, UsageError
from compat_saver.saver import checkpoint_utils as reader
from tests.bundle.crafting import sample
from tests.golden_cases import all_cases, case
from tests.small_models import WEIGHTS, write_checkpoint

ADAM = case("1.15.5", "dense_adam")


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(theirs, bytes):
        assert ours == theirs
        return
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    if theirs.dtype == object:
        assert ours.tolist() == theirs.tolist()
        assert {type(item) for item in ours.flat} == {type(item) for item in theirs.flat}
    else:
        assert ours.tobytes() == theirs.tobytes()
    if isinstance(theirs, np.ndarray):
        assert ours.flags.writeable
        assert ours.flags.owndata


def is_refused_by_tensorflow(golden, name):
    """TensorFlow's reader puts no slices of V1 together."""
    return golden.name == "v1_format" and name.startswith("sliced/")


# Against TensorFlow's own


@pytest.mark.tensorflow
@pytest.mark.parametrize("golden", all_cases(), ids=str)
def test_golden_checkpoints_read_as_by_tensorflow(tf, golden):
    prefix = str(golden.prefix)
    ours, theirs = reader.NewCheckpointReader(prefix), tf.compat.v1.train.NewCheckpointReader(prefix)
    assert ours.get_variable_to_shape_map() == theirs.get_variable_to_shape_map()
    assert ours.get_variable_to_dtype_map() == theirs.get_variable_to_dtype_map()
    for name in theirs.get_variable_to_shape_map():
        assert ours.has_tensor(name) is theirs.has_tensor(name) is True
        if not is_refused_by_tensorflow(golden, name):
            assert_same(ours.get_tensor(name), theirs.get_tensor(name))


@pytest.mark.tensorflow
@pytest.mark.parametrize("golden", all_cases(), ids=str)
def test_golden_checkpoints_are_described_as_by_tensorflow(tf, golden):
    theirs = tf.compat.v1.train.NewCheckpointReader(str(golden.prefix)).debug_string()
    ours = reader.NewCheckpointReader(golden.prefix).debug_string()
    # The parts of V2 have keys that begin with a zero; in V1 the lines come in the order of a hash table.
    expected = sorted(line for line in theirs.splitlines() if not line.startswith(b"\0"))
    own = [line for line in ours.splitlines() if golden.name == "v1_format" or b" slices" not in line]
    assert sorted(own) == expected
    assert ours.endswith(b"\n")


@pytest.mark.tensorflow
@pytest.mark.parametrize("golden", [ADAM, case("1.15.5", "v1_format"), case("1.15.5", "partitioned")], ids=str)
@pytest.mark.parametrize("as_path", [str, Path])
@pytest.mark.parametrize("is_directory", [True, False])
def test_listing_and_loading_as_tensorflow(tf, golden, as_path, is_directory):
    where = as_path(golden.directory if is_directory else golden.prefix)
    assert reader.list_variables(where) == tf.train.list_variables(where)
    name = next(name for name, shape in tf.train.list_variables(where) if "sliced" not in name and shape)
    for key in (name, f"{name}:0"):
        assert_same(reader.load_variable(where, key), tf.train.load_variable(where, key))
    assert_same(reader.load_checkpoint(where).get_tensor(name), tf.train.load_checkpoint(where).get_tensor(name))


TYPES = ("float16", "bfloat16", "int8", "uint16", "uint32", "uint64", "complex128", "bool", "string")
SAMPLES = {name: sample(name, (2, 3)) for name in TYPES}
SCALARS = {
    f"scalar/{name}": sample(name, ()) for name in ("float64", "bool", "string", "int64", "complex64", "bfloat16")
}
EMPTY = {"empty/float": sample("float32", (0, 3)), "empty/string": sample("string", (0,))}


@pytest.mark.tensorflow
def test_all_types_and_shapes_as_tensorflow(tf, tmp_path):
    prefix = str(write_checkpoint(tmp_path / "m", {**SAMPLES, **SCALARS, **EMPTY, "ünï/код": sample("int32", (1,))}))
    ours, theirs = reader.NewCheckpointReader(prefix), tf.compat.v1.train.NewCheckpointReader(prefix)
    assert ours.debug_string() == theirs.debug_string()
    for name in theirs.get_variable_to_shape_map():
        assert_same(ours.get_tensor(name), theirs.get_tensor(name))
        assert_same(ours.get_tensor(name.encode()), theirs.get_tensor(name.encode()))


@pytest.mark.tensorflow
def test_the_names_of_types_are_tensorflows(tf):
    from tensorflow.core.framework.types_pb2 import DataType

    class OneOfEach(dict):
        """A checkpoint that holds a scalar of every type that TensorFlow knows."""

        def info(self, name):
            return type("Info", (), {"shape": (), "slices": ()})

        def dtypes(self):
            return self

    known = {DataType.Name(number)[3:]: dtypes.by_number(number) for number in DataType.values() if 0 < number < 34}
    lines = reader.CheckpointReader(OneOfEach(known)).debug_string().decode().splitlines()
    assert lines == [f"{name} (DT_{name}) []" for name in sorted(known)]


OUTCOMES = {
    "nothing there": "{here}/none",
    "an empty directory": "{here}",
    "text": f"{ADAM.directory}/case.json",
    "nothing": None,
    "a number": 3,
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("what", OUTCOMES)
@pytest.mark.parametrize("function", ["NewCheckpointReader", "load_checkpoint", "list_variables", "load_variable"])
def test_errors_can_be_caught_as_tensorflows(tf, tmp_path, what, function):
    where = OUTCOMES[what]
    where = where.format(here=tmp_path) if isinstance(where, str) else where
    arguments = (where, "w") if function == "load_variable" else (where,)
    theirs = getattr(tf.compat.v1.train, function)
    with pytest.raises((tf.errors.OpError, ValueError, TypeError)) as original:
        theirs(*arguments)
    with pytest.raises(original.type) as ours:
        getattr(reader, function)(*arguments)
    assert where is None or where == 3 or isinstance(ours.value, CompatSaverError)


@pytest.mark.tensorflow
@pytest.mark.parametrize("golden", [ADAM, case("1.15.5", "v1_format")], ids=str)
def test_missing_names_can_be_caught_as_tensorflows(tf, golden):
    for module in (reader, tf.compat.v1.train):
        found = module.NewCheckpointReader(str(golden.prefix))
        assert found.has_tensor("nope") is False
        for name in ("nope", b"nope"):
            with pytest.raises(tf.errors.NotFoundError):
                found.get_tensor(name)
        for ask in (found.get_tensor, found.has_tensor):
            with pytest.raises(TypeError):
                ask(None)


@pytest.mark.tensorflow
def test_damage_can_be_caught_as_tensorflows(tf, tmp_path):
    prefix = write_checkpoint(tmp_path / "m", WEIGHTS)
    data = tmp_path / "m.data-00000-of-00001"
    data.write_bytes(b"\xff" * data.stat().st_size)
    for module in (reader, tf.compat.v1.train):
        with pytest.raises(tf.errors.OpError):
            module.NewCheckpointReader(str(prefix)).get_tensor("w")
    data.unlink()
    for module in (reader, tf.compat.v1.train):
        opened = module.NewCheckpointReader(str(prefix))
        assert opened.get_variable_to_shape_map() == {"w": [2, 3], "b": [3]}
        with pytest.raises(tf.errors.OpError):
            opened.get_tensor("w")


@pytest.mark.tensorflow
def test_paths_that_only_tensorflow_knows(tf, tmp_path):
    url = f"file://{tmp_path}"
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("w", initializer=[1.0, 2.0])
        session.run(variable.initializer)
        prefix = tf.compat.v1.train.Saver().save(session, f"{url}/m")
    assert reader.list_variables(prefix) == reader.list_variables(url) == [("w", [2])]
    assert reader.load_variable(prefix, "w:0").tolist() == [1.0, 2.0]
    assert reader.NewCheckpointReader(prefix).has_tensor("w")


# What TensorFlow's own does not do


@pytest.mark.parametrize("suffix", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_any_file_of_a_checkpoint_leads_to_it(suffix):
    assert reader.list_variables(f"{ADAM.prefix}{suffix}") == reader.list_variables(ADAM.prefix)


def test_a_directory_without_state_and_one_whose_state_was_copied(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ADAM.directory, copy)
    (copy / "checkpoint").write_text('model_checkpoint_path: "/gone/model.ckpt"\n')
    expected = reader.list_variables(ADAM.prefix)
    assert reader.list_variables(copy) == expected
    (copy / "checkpoint").unlink()
    assert reader.list_variables(copy) == expected


def test_the_latest_of_a_directory_is_that_of_the_states(tmp_path):
    for step in (1, 2):
        write_checkpoint(tmp_path / f"m-{step}", {"step": np.int64(step)})
    (tmp_path / "checkpoint").write_text(
        'model_checkpoint_path: "m-3"\nall_model_checkpoint_paths: "m-1"\nall_model_checkpoint_paths: "m-2"\n'
    )
    assert reader.load_variable(tmp_path, "step") == 2


def test_slices_of_v1_are_put_together():
    golden = case("1.15.5", "v1_format")
    values = reader.load_variable(golden.prefix, "sliced/kernel")
    assert values.shape == (5, 3)
    assert b"sliced/kernel (DT_FLOAT) [5,3], 2 slices\n" in reader.load_checkpoint(golden.prefix).debug_string()


def test_partitioned_tensors_are_described_in_text(tmp_path):
    with BundleWriter(tmp_path / "m") as writer:
        for start in (0, 2):
            part = np.full((2, 3), start, np.float32)
            writer.add_slice("w", (4, 3), SliceSpec.parse(f"{start},2:-"), part)
    assert reader.NewCheckpointReader(tmp_path / "m").debug_string() == b"w (DT_FLOAT) [4,3], 2 slices\n"
    assert reader.load_variable(tmp_path / "m", "w")[:, 0].tolist() == [0, 0, 2, 2]


def test_every_call_gives_an_array_of_its_own(tmp_path):
    write_checkpoint(tmp_path / "m", WEIGHTS)
    opened = reader.NewCheckpointReader(tmp_path / "m")
    opened.get_tensor("w")[:] = 7
    assert np.array_equal(opened.get_tensor("w"), WEIGHTS["w"])


def test_missing_names_are_told_with_the_nearest(tmp_path):
    write_checkpoint(tmp_path / "m", {"dense/kernel": WEIGHTS["w"]})
    with pytest.raises(TensorNotFoundError, match="did you mean 'dense/kernel'"):
        reader.load_variable(tmp_path / "m", "dense/kernal")
    with pytest.raises(UsageError, match="name of a tensor"):
        reader.load_variable(tmp_path / "m", 3)


def test_missing_files_are_told_with_the_nearest(tmp_path):
    write_checkpoint(tmp_path / "model.ckpt-100", WEIGHTS)
    with pytest.raises(SourceNotFoundError, match=r"did you mean 'model\.ckpt-100'"):
        reader.load_checkpoint(tmp_path / "model.ckpt-10")


def test_tensorflow_is_not_imported(tmp_path):
    program = """
import sys
from compat_saver.saver import checkpoint_management as states, checkpoint_utils as reader
from compat_saver.saver.init_from_checkpoint import init_from_checkpoint as initialization
prefix = states.latest_checkpoint(sys.argv[1])
opened = reader.NewCheckpointReader(prefix)
assert opened.get_tensor("global_step").shape == ()
assert opened.debug_string()
try:
    opened.get_tensor("nope")
except KeyError:
    pass
states.update_checkpoint_state(sys.argv[2], prefix)
try:
    states.update_checkpoint_state(sys.argv[2] + "/none", prefix)
except FileNotFoundError:
    pass
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program, str(ADAM.directory), str(tmp_path)], check=True)
