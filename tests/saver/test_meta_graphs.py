"""Graphs come in and go out as with TensorFlow's own functions, and in eager mode as well."""

from __future__ import annotations

import logging
import os
import shutil

import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.errors import NotALegacyArtifactError, SourceNotFoundError, UsageError  # noqa: E402
from compat_saver.proto.files import read_message  # noqa: E402
from compat_saver.proto.meta_graph import read_meta_graph  # noqa: E402
from compat_saver.saver.meta_graph import export_meta_graph, import_meta_graph  # noqa: E402
from compat_saver.saver.saver import Saver  # noqa: E402
from tests.golden_cases import GOLDEN  # noqa: E402
from tests.saver.differential import World, assert_alike, v1  # noqa: E402
from tests.small_models import write_model  # noqa: E402

pytestmark = pytest.mark.tensorflow

DENSE = GOLDEN / "1.15.5" / "dense_adam" / "model.ckpt"


@pytest.fixture(autouse=True)
def fresh_default_graph():
    """The default graph of the process is shared by all tests."""
    v1.reset_default_graph()
    yield
    v1.reset_default_graph()


# ---- as TensorFlow does


def imported(world: World, meta, prefix=None, **options):
    """Imports into a graph of its own; returns the names, the collections, the saver, and what it restores."""
    with tf.Graph().as_default() as graph:
        saver = world.train.import_meta_graph(meta, **options)
        names = [(item.name, item.type, item.device) for item in graph.get_operations()]
        found = [names, sorted(graph.get_all_collection_keys()), None if saver is None else str(saver.as_saver_def())]
        if prefix is not None:
            with v1.Session() as session:
                saver.restore(session, prefix)
                values = session.run({item.name: item for item in v1.global_variables()})
            found.append({name: value.tolist() for name, value in values.items()})
            found.append(world.train.export_meta_graph())
    return found


@pytest.mark.parametrize(
    "options",
    [{}, {"clear_devices": True}, {"import_scope": "in/here"}, {"restore_collections_predicate": len}],
    ids=str,
)
@pytest.mark.parametrize("prefix", [DENSE, GOLDEN / "0.12.1" / "dense_adam" / "model.ckpt"], ids=["1.15", "0.12"])
def test_graphs_of_tensorflow_1(tmp_path, options, prefix):
    assert_alike(lambda world: imported(world, f"{prefix}.meta", str(prefix), **options), tmp_path)


def test_devices_stay_unless_they_are_to_go(tmp_path):
    meta = str(GOLDEN / "1.15.5" / "device_pinned" / "model.ckpt.meta")
    assert_alike(lambda world: imported(world, meta), tmp_path)
    assert_alike(lambda world: imported(world, meta, clear_devices=True), tmp_path)


def test_input_map_and_graph(tmp_path):
    def program(world):
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None, 12], name="mine")
            world.train.import_meta_graph(f"{DENSE}.meta", graph=graph, input_map={"features:0": x})
            return [item.name for item in x.consumers()]

    assert assert_alike(program, tmp_path)


def test_a_graph_without_a_saver(tmp_path):
    def program(world):
        world.train.export_meta_graph("g.meta")
        found = imported(world, "g.meta")
        with tf.Graph().as_default():
            tf.constant(1)
            world.train.export_meta_graph("nothing.meta")
        return [*found, imported(world, "nothing.meta")]

    assert_alike(program, tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"filename": "g.graph"},
        {"filename": "g.pbtxt", "as_text": True},
        {"collection_list": ["variables"]},
        {"export_scope": "scope"},
        {"clear_devices": True},
        {"strip_default_attrs": True},
        {"filename": "g.meta", "save_debug_info": True},
        {"meta_info_def": v1.MetaGraphDef.MetaInfoDef(tags=["mine"])},
        {"graph_def": v1.GraphDef()},
        {"graph": tf.Graph()},
        {"unbound_inputs_col_name": "loose"},
    ],
    ids=lambda options: " ".join(options) or "nothing",
)
def test_arguments_of_export(tmp_path, options):
    assert_alike(lambda world: world.train.export_meta_graph(**options), tmp_path)


def test_export_with_a_saver(tmp_path):
    def program(world):
        world.train.Saver(name="extraneous")
        saver_def = world.train.Saver(name="own").as_saver_def()
        return world.train.export_meta_graph(saver_def=saver_def, clear_extraneous_savers=True)

    assert_alike(program, tmp_path)


def test_savers_in_the_collection(tmp_path):
    def program(world):
        v1.add_to_collection(v1.GraphKeys.SAVERS, world.train.Saver(name="own"))
        meta = world.train.export_meta_graph("g.meta")
        with tf.Graph().as_default():
            world.train.import_meta_graph("g.meta")
            return meta, [str(item.as_saver_def()) for item in v1.get_collection(v1.GraphKeys.SAVERS)]

    assert_alike(program, tmp_path)


def test_no_such_file(tmp_path):
    error = assert_alike(lambda world: world.train.import_meta_graph("nothing.meta"), tmp_path)
    assert isinstance(error, OSError)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b'model_checkpoint_path: "m"\n', "names m, which is not there"),
        (v1.GraphDef(node=[{"name": "a", "op": "NoOp"}]).SerializeToString(), "found a GraphDef alone"),
        (b"<html>", "HTML"),
    ],
    ids=["empty", "state", "GraphDef", "web page"],
)
def test_something_else(tmp_path, content, says):
    """TensorFlow says of most that some byte is not UTF-8, or makes a graph of nothing."""
    (tmp_path / "model.meta").write_bytes(content)
    with pytest.raises(OSError, match=says):
        import_meta_graph(tmp_path / "model.meta")


# ---- and besides


def test_an_old_program_runs_unchanged_with_eager_mode_on(tmp_path):
    saver = import_meta_graph(f"{DENSE}.meta")
    with v1.Session() as sess:
        saver.restore(sess, str(DENSE))
        graph = v1.get_default_graph()
        prediction = graph.get_tensor_by_name("prediction:0")
        assert sess.run(prediction, {"features:0": [[1.0] * 12]}).shape == (1, 3)
        saver.save(sess, str(tmp_path / "again"))
    assert tf.executing_eagerly()
    meta = export_meta_graph()
    assert len(meta.graph_def.node) == len(v1.get_default_graph().get_operations())


@pytest.mark.parametrize(
    "source",
    [
        lambda prefix: prefix,
        lambda prefix: prefix.parent,
        lambda prefix: f"{prefix}.index",
        lambda prefix: os.fsencode(f"{prefix}.meta"),
        lambda prefix: read_meta_graph(f"{prefix}.meta"),
        lambda prefix: read_meta_graph(f"{prefix}.meta").message,
    ],
    ids=["prefix", "directory", "index", "bytes", "MetaGraph", "message"],
)
def test_whatever_leads_to_a_graph_is_imported(source):
    with tf.Graph().as_default() as graph:
        assert isinstance(import_meta_graph(source(DENSE)), Saver)
        assert graph.get_operation_by_name("prediction")


def test_text(tmp_path):
    with tf.Graph().as_default():
        v1.get_variable("a", [])
        Saver().export_meta_graph(tmp_path / "g.anything", as_text=True)
    with tf.Graph().as_default() as graph:
        import_meta_graph(tmp_path / "g.anything")
        assert graph.get_operation_by_name("a")


def test_ops_that_are_gone_are_replaced_under_their_names(caplog):
    prefix = GOLDEN / "1.4.1" / "resampler" / "model.ckpt"
    names = {node.name for node in read_message(f"{prefix}.meta", "MetaGraphDef").graph_def.node}
    with caplog.at_level(logging.WARNING, "compat_saver"), tf.Graph().as_default() as graph:
        saver = import_meta_graph(prefix)
        assert names <= {item.name for item in graph.get_operations()}
        with v1.Session() as session:
            saver.restore(session, prefix)
    assert "Resampler" in caplog.text


def test_collections_of_another_graph_are_left_out_and_nothing_else(caplog):
    directory = GOLDEN / "1.15.5" / "odd_collections"
    with caplog.at_level(logging.WARNING, "compat_saver"), tf.Graph().as_default():
        assert import_meta_graph(directory) is not None
    assert "loss_of_another_graph" in caplog.text


def test_shapes_that_contradict_those_of_today():
    with tf.Graph().as_default():
        saver = import_meta_graph(GOLDEN / "1.15.5" / "conv_batch_norm", import_scope="once")
        assert saver.saver_def.restore_op_name == "once/save/restore_all"


def test_a_checkpoint_without_its_graph(tmp_path):
    prefix = write_model(tmp_path)
    shutil.move(f"{prefix}.meta", tmp_path / "other.meta")
    with pytest.raises(SourceNotFoundError, match=r"model\.ckpt\.meta: .*other\.meta"):
        import_meta_graph(prefix)


def test_something_else_is_told_what_it_is(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "saved"))
    with pytest.raises(NotALegacyArtifactError, match=r"found a SavedModel. Load it with"):
        import_meta_graph(tmp_path / "saved")
    with pytest.raises(TypeError, match=r"meta_graph_or_file: .* found int"):
        import_meta_graph(3)


def test_there_is_nothing_to_export():
    with pytest.raises(UsageError, match="the default graph is empty") as caught:
        export_meta_graph()
    assert isinstance(caught.value, RuntimeError)


def test_bytes_of_a_person_are_kept_under_a_scope():
    """TensorFlow puts the scope before whatever a collection holds."""
    with tf.Graph().as_default() as graph:
        assert import_meta_graph(GOLDEN / "1.15.5" / "odd_collections", import_scope="imp") is not None
        assert graph.get_collection("words") == [b"\xff\xfe no text"]
        assert graph.get_collection("train_op")[0].name.startswith("imp/")


def test_what_this_tensorflow_wrote_is_imported_as_it_is(tmp_path, monkeypatch):
    with tf.Graph().as_default():
        v1.get_variable("v", [2])
        names = [node.name for node in export_meta_graph(filename=tmp_path / "m.meta").graph_def.node]
    monkeypatch.setattr("compat_saver.saver.meta_graph.importable", None)  # nothing may ask for it
    with tf.Graph().as_default() as graph:
        import_meta_graph(tmp_path / "m.meta")
        assert [item.name for item in graph.get_operations()][: len(names)] == names
