"""TensorFlow as the other opinion: what every operation writes is read back, and restored, as it should be."""

import os

import numpy as np
import pytest

from compat_saver import checkpoints
from compat_saver.bundle import open_bundle
from tests.bundle.test_tensorflow import compare, same
from tests.checkpoints.files import golden, write

pytestmark = pytest.mark.tensorflow

OPERATIONS = {
    "convert": lambda source, out: checkpoints.convert(source, out, shards=3),
    "join": lambda source, out: checkpoints.convert(source, out, join=True),
    "rename": lambda source, out: checkpoints.rename(source, out, patterns=[("^", "scope/")]),
    "drop": lambda source, out: checkpoints.drop(source, out, list(open_bundle(source))[:1]),
    "cast": lambda source, out: checkpoints.cast(source, out, {"float32": "bfloat16"}),
    "average": lambda source, out: checkpoints.average([source, source], out, shards=2),
}


@pytest.fixture(scope="module")
def tf():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    return tensorflow


@pytest.mark.parametrize("release", ["0.12.1", "1.15.5"])
@pytest.mark.parametrize("name", ["partitioned", "v1_format", "sharded", "dense_adam", "int_bool_string"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_tensorflow_reads_what_is_written(tf, tmp_path, operation, name, release):
    OPERATIONS[operation](golden(name, release), tmp_path / "out")
    compare(tf, tmp_path / "out")


@pytest.mark.parametrize("name", ["partitioned", "v1_format", "sharded", "dense_adam"])
@pytest.mark.parametrize("operation", ["convert", "join", "average"])
def test_the_savers_of_tensorflow_1_restore_what_is_written(tf, tmp_path, operation, name):
    """The graph that TensorFlow 1 wrote finds every variable, as in the checkpoint that it wrote."""
    source = golden(name)
    OPERATIONS[operation](source, tmp_path / "out")

    def restored(prefix):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            saver = tf.compat.v1.train.import_meta_graph(f"{source}.meta", clear_devices=True)
            saver.restore(session, str(prefix))
            return {item.name: session.run(item) for item in tf.compat.v1.global_variables()}

    found = restored(tmp_path / "out")
    assert found
    stored = source if name != "sharded" else open_bundle(source).prefix
    for variable, value in restored(stored).items():
        same(found[variable], value)


@pytest.mark.parametrize("old", ["float64", "float32"])
@pytest.mark.parametrize("new", ["float32", "float16", "bfloat16"])
def test_casts_are_those_of_tensorflow(tf, tmp_path, old, new):
    array = np.random.default_rng(1).normal(size=5000).astype(old)
    checkpoints.cast(write(tmp_path / "m", x=array), tmp_path / "out", {old: new})
    same(open_bundle(tmp_path / "out")["x"], tf.cast(array, new).numpy())


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_tensorflow_reads_what_is_imported(tf, tmp_path, suffix):
    checkpoints.export(golden("conv_batch_norm"), tmp_path / f"x{suffix}")
    checkpoints.import_(tmp_path / f"x{suffix}", tmp_path / "out")
    compare(tf, tmp_path / "out")


def test_keras_checkpoints(tf, tmp_path):
    """Every key has an object path, and full names lead to the variables."""
    import keras

    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, name="first")])
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 3)), np.zeros((4, 2)), verbose=0)
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "m"))
    found = checkpoints.object_keys(path)
    stored = open_bundle(path)
    assert set(found) == set(stored) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    assert all(item.path for item in found.values())
    (kernel,) = (item for item in found.values() if item.full_name.endswith("first/kernel"))
    same(stored[kernel.key], model.layers[0].kernel.numpy())


def test_object_keys_are_those_of_tensorflow(tf, tmp_path):
    class Module(tf.Module):
        def __init__(self):
            self.weight = tf.Variable([1.0, 2.0], name="named")
            self.parts = [tf.Variable(1), {"key/slash": tf.Variable(2)}]

    path = tf.train.Checkpoint(net=Module(), step=tf.Variable(3)).write(str(tmp_path / "m"))
    found = {item.path: (item.key, item.full_name) for item in checkpoints.object_keys(path).values()}
    keys = {name for name, _ in tf.train.list_variables(path)} - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    assert {key for key, _ in found.values()} == keys
    assert found["net/weight"] == ("net/weight/.ATTRIBUTES/VARIABLE_VALUE", "named")
    assert {"net/parts/0", "net/parts/1/key/slash", "step", "save_counter"} <= {*found, "save_counter"}


def test_a_copy_of_objects_is_restored(tf, tmp_path):
    variable = tf.Variable([1.0, 2.0])
    path = tf.train.Checkpoint(v=variable, words=tf.Variable("text")).write(str(tmp_path / "m"))
    checkpoints.convert(path, tmp_path / "out", shards=2)
    variable.assign([0.0, 0.0])
    tf.train.Checkpoint(v=variable, words=tf.Variable("")).read(str(tmp_path / "out")).assert_consumed()
    assert variable.numpy().tolist() == [1, 2]
