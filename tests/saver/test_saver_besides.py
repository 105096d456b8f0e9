"""What the Saver does besides TensorFlow's: eager mode left on, Keras, any source, whole restores, errors that help."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.errors import (  # noqa: E402
    ChecksumError,
    FormatError,
    NotALegacyArtifactError,
    RestoreError,
    SourceNotFoundError,
    UsageError,
)
from compat_saver.saver.meta_graph import import_meta_graph  # noqa: E402
from compat_saver.saver.saver import Saver  # noqa: E402
from tests.golden_cases import GOLDEN  # noqa: E402

v1 = tf.compat.v1
pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def fresh_default_graph():
    """The default graph of the process is shared by all tests."""
    v1.reset_default_graph()
    yield
    v1.reset_default_graph()


class Run:
    """A graph with two variables, a session on it, and a saver; no graph is entered."""

    def __init__(self, directory: Path, value: float = 1.0) -> None:
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.a = v1.get_variable("a", [2, 3], initializer=v1.constant_initializer(value))
            self.b = v1.get_variable("b", [100], initializer=v1.constant_initializer(value), use_resource=False)
            self.saver = Saver(max_to_keep=2)
            initialize = v1.global_variables_initializer()
            self.to_zero = v1.group(self.a.assign(tf.zeros([2, 3])), self.b.assign(tf.zeros([100])))
        self.session = v1.Session(graph=self.graph)
        self.session.run(initialize)
        self.prefix = str(directory / "m")

    def values(self) -> list[float]:
        return [float(self.session.run(item).mean()) for item in (self.a, self.b)]


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


def test_a_saver_of_a_graph_works_where_no_graph_is_entered(run):
    assert tf.executing_eagerly()
    saved = run.saver.save(run.session, run.prefix, global_step=3)
    run.session.run(run.to_zero)
    run.saver.restore(run.session, saved)
    assert run.values() == [1, 1]
    assert [node.name for node in run.saver.export_meta_graph().graph_def.node] == [
        operation.name for operation in run.graph.get_operations()
    ]
    assert tf.executing_eagerly()


def test_it_works_inside_another_graph(run):
    with tf.Graph().as_default() as other:
        run.saver.restore(run.session, run.saver.save(run.session, run.prefix))
    assert not other.get_operations()


def test_a_deferred_saver_belongs_to_the_graph_it_is_built_in(tmp_path):
    with tf.Graph().as_default():
        saver = Saver(defer_build=True)
    with tf.Graph().as_default() as graph:
        v1.get_variable("a", [])
        saver.build()
        initialize = v1.global_variables_initializer()
    session = v1.Session(graph=graph)
    session.run(initialize)
    assert saver.save(session, str(tmp_path / "m"))


# ---- eager mode


@pytest.mark.parametrize("given", [list, tuple, lambda items: {f"n{i}": item for i, item in enumerate(items)}])
def test_eager_variables(tmp_path, given):
    variables = [tf.Variable([1.0, 2.0], name="x"), tf.Variable(3, name="y")]
    saver = Saver(given(variables), max_to_keep=1)
    for step in range(2):
        saved = saver.save(None, str(tmp_path / "m"), global_step=step)
    assert saver.last_checkpoints == [saved]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "m-1.data-00000-of-00001", "m-1.index"]
    variables[0].assign([0.0, 0.0])
    saver.restore(None, tmp_path)
    assert variables[0].numpy().tolist() == [1.0, 2.0]


def test_saving_eagerly_to_one_prefix_keeps_the_earlier_checkpoint_until_the_end(tmp_path, monkeypatch):
    variable = tf.Variable([1.0], name="x")
    saver = Saver([variable])
    saver.save(None, str(tmp_path / "m"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(saver._saver, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        saver.save(None, str(tmp_path / "m"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_eager_variables_are_all_restored_or_none(tmp_path):
    variables = {"x": tf.Variable([1.0, 2.0]), "y": tf.Variable([3.0])}
    Saver({"x": variables["x"], "y": tf.Variable([3.0, 4.0])}).save(None, str(tmp_path / "m"))
    variables["x"].assign([0.0, 0.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected float32 \[1\], found float32 \[2\]"):
        Saver(variables).restore(None, tmp_path)
    with pytest.raises(tf.errors.NotFoundError, match="'z'"):
        Saver({"x": variables["x"], "z": variables["y"]}).restore(None, tmp_path)
    assert variables["x"].numpy().tolist() == [0.0, 0.0]


def test_eager_variables_from_what_tf_train_checkpoint_wrote(tmp_path):
    path = tf.train.Checkpoint(inner=tf.Variable([5.0], name="v")).write(str(tmp_path / "objects"))
    variable = tf.Variable([0.0], name="v")
    Saver([variable]).restore(None, path)
    assert variable.numpy().tolist() == [5.0]


def test_keras_variables_are_the_variables_they_hold(tmp_path):
    import keras

    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    kernel = layer.kernel.numpy()
    Saver(layer.weights).save(None, str(tmp_path / "list"))
    Saver({"k": layer.kernel}).save(None, str(tmp_path / "dict"))
    layer.kernel.assign(np.zeros((3, 2)))
    Saver({"k": layer.kernel}).restore(None, tmp_path / "dict")
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    assert [name for name, _ in tf.train.list_variables(str(tmp_path / "dict"))] == ["k"]


def test_without_variables_and_without_a_graph():
    with pytest.raises(UsageError, match="var_list: expected variables, found None") as caught:
        Saver()
    assert isinstance(caught.value, RuntimeError)


def test_variables_that_were_imported_into_the_default_graph_are_found(tmp_path):
    prefix = GOLDEN / "1.15.5" / "dense_adam" / "model.ckpt"
    imported = import_meta_graph(f"{prefix}.meta")
    made = Saver()
    with v1.Session() as session:
        imported.restore(session, prefix)
        made.restore(session, prefix)
        assert made.save(session, str(tmp_path / "m"))
    assert tf.executing_eagerly()


def test_given_variables_of_a_graph_are_saved_there(run, tmp_path):
    assert Saver([run.a])._graph is run.graph
    assert Saver({"x": run.b})._graph is run.graph


# ---- sources


@pytest.mark.parametrize(
    "source",
    ["m", "m.meta", "m.index", "m.data-00000-of-00001", "", "checkpoint"],
    ids=lambda name: name or "directory",
)
def test_whatever_leads_to_a_checkpoint_is_restored(run, tmp_path, source):
    run.saver.save(run.session, run.prefix)
    run.session.run(run.to_zero)
    run.saver.restore(run.session, tmp_path / source)
    assert run.values() == [1, 1]


def test_a_directory_that_came_from_another_machine(run, tmp_path):
    (there := tmp_path / "there").mkdir()
    run.saver.save(run.session, str(there / "m"))
    shutil.move(there, tmp_path / "here")
    run.session.run(run.to_zero)
    run.saver.restore(run.session, tmp_path / "here")
    assert run.values() == [1, 1]


@pytest.mark.parametrize("case", ["v1_format", "sharded", "partitioned"])
def test_checkpoints_of_tensorflow_1(case):
    directory = GOLDEN / "1.15.5" / case
    saver = import_meta_graph(directory)
    with v1.Session() as session:
        saver.restore(session, directory)


def test_v1_shards_by_their_pattern(tmp_path):
    with tf.Graph().as_default() as graph:
        for index in range(2):
            with v1.device(f"/cpu:{index}"):
                v1.get_variable(f"v{index}", [], initializer=v1.ones_initializer())
        saver = Saver(sharded=True, write_version=v1.train.SaverDef.V1)
        initialize = v1.global_variables_initializer()
    session = v1.Session(graph=graph, config=v1.ConfigProto(device_count={"CPU": 2}))
    session.run(initialize)
    saved = saver.save(session, str(tmp_path / "m"))
    assert saved.endswith("m-?????-of-00002")
    for source in (saved, tmp_path, tmp_path / "m", tmp_path / "m-00001-of-00002"):
        saver.restore(session, source)


def test_what_tf_train_checkpoint_wrote_is_found_by_the_names_of_variables(tmp_path):
    variable = tf.Variable([5.0, 6.0], name="v")
    path = tf.train.Checkpoint(var=variable).write(str(tmp_path / "objects"))
    with tf.Graph().as_default() as graph:
        mine = v1.get_variable("v", [2])
        saver = Saver()
    session = v1.Session(graph=graph)
    saver.restore(session, path)
    assert session.run(mine).tolist() == [5.0, 6.0]


# ---- errors


def test_nothing_is_restored_where_something_is_missing(run, tmp_path):
    Saver({"a": run.a}).save(run.session, run.prefix)
    run.session.run(run.to_zero)
    with pytest.raises(RestoreError, match="'b'") as caught:
        run.saver.restore(run.session, run.prefix)
    assert isinstance(caught.value, tf.errors.NotFoundError)
    assert run.values() == [0, 0]


def test_resource_variables_keep_their_shape(run):
    """TensorFlow would give the variable another shape and say nothing."""
    with run.graph.as_default():
        other = v1.get_variable("other", [7], use_resource=True)
        saver = Saver({"a": other})
    run.saver.save(run.session, run.prefix)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected float32 \[7\], found float32 \[2, 3\]"):
        saver.restore(run.session, run.prefix)


def test_uninitialized_variables_are_named(run):
    with run.graph.as_default():
        names = [v1.get_variable(f"new{kind}", [2], use_resource=kind).op.name for kind in (False, True)]
        saver = Saver()
    with pytest.raises(tf.errors.FailedPreconditionError, match="2 of the variables are not initialized") as caught:
        saver.save(run.session, run.prefix)
    assert all(repr(name) in str(caught.value) for name in names)
    assert "global_variables_initializer()" in str(caught.value)


def test_the_error_of_a_failed_save_knows_the_op(run):
    with run.graph.as_default():
        saver = Saver([v1.get_variable("new", [2], use_resource=False)], name="mine")
    with pytest.raises(tf.errors.FailedPreconditionError) as caught:
        saver.save(run.session, run.prefix)
    assert caught.value.op.name == "mine/SaveV2"


def test_a_failed_save_leaves_the_earlier_checkpoint(run, tmp_path):
    run.saver.save(run.session, run.prefix)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with run.graph.as_default():
        new = v1.get_variable("new", [2])
        saver = Saver()
    for step in (None, 7):
        with pytest.raises(tf.errors.FailedPreconditionError):
            saver.save(run.session, run.prefix, global_step=step)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    run.session.run(new.initializer)
    saver.save(run.session, run.prefix)


def test_another_session(run):
    with pytest.raises(UsageError, match="another graph than that of the saver, and it has no 'save/Const:0'"):
        run.saver.save(v1.Session(graph=tf.Graph()), run.prefix)


def test_a_monitored_session(run):
    with run.graph.as_default(), v1.train.MonitoredSession() as session:
        with pytest.raises(TypeError, match="CheckpointSaverHook"):
            run.saver.save(session, run.prefix)
        session.run_step_fn(lambda step_context: run.saver.save(step_context.session, run.prefix))
        run.saver.restore(session, run.prefix)


@pytest.mark.parametrize(
    ("name", "change", "kind", "says"),
    [
        ("m.data-00000-of-00001", None, ValueError, "missing: m.data-00000-of-00001"),
        ("m.data-00000-of-00001", lambda data: data[:-9], FormatError, "cut short"),
        ("m.data-00000-of-00001", lambda data: data[:-9] + b"123456789", ChecksumError, "checksum"),
        (
            "m.data-00000-of-00001",
            lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ValueError,
            "LFS",
        ),
        ("m.index", None, SourceNotFoundError, "index is not"),
        ("m.index", lambda data: data[:-9], FormatError, "m.index"),
        ("m.index", lambda _: b"", NotALegacyArtifactError, "empty"),
    ],
)
def test_half_a_checkpoint(run, tmp_path, name, change, kind, says):
    run.saver.save(run.session, run.prefix, write_meta_graph=False)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if change is not None:
        (tmp_path / name).write_bytes(change(data))
    run.session.run(run.to_zero)
    with pytest.raises(kind, match=says) as caught:
        run.saver.restore(run.session, run.prefix)
    assert isinstance(caught.value, ValueError)
    assert run.values() == [0, 0]


def test_a_path_that_leads_nowhere(run, tmp_path):
    run.saver.save(run.session, run.prefix + "odel.ckpt-100")
    with pytest.raises(SourceNotFoundError, match=r"did you mean 'model\.ckpt-100'") as caught:
        run.saver.restore(run.session, run.prefix + "odel.ckpt-10")
    assert isinstance(caught.value, ValueError)


def test_devices_that_are_not_there(tmp_path):
    directory = GOLDEN / "1.15.5" / "device_pinned"
    saver = import_meta_graph(directory)
    with (
        v1.Session(config=v1.ConfigProto()) as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="clear_devices=True"),
    ):
        saver.restore(session, directory)


def test_a_directory_that_is_not_there(run, tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"there is no directory .*deeper") as caught:
        run.saver.save(run.session, str(tmp_path / "deep" / "deeper" / "m"))
    assert isinstance(caught.value, ValueError)
