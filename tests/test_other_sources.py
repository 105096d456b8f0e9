"""A golden model packed as a TF1 SavedModel, and frozen, migrates as its checkpoint does."""

import shutil

import numpy as np
import pytest

import compat_saver
from compat_saver.errors import UsageError
from compat_saver.graph import from_graph_def, to_graph_def
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.passes import run_passes
from compat_saver.passes.structure.removals import Prune
from compat_saver.proto.messages import SavedModel
from compat_saver.proto.meta_graph import read_meta_graph
from tests.golden_cases import case
from tests.small_models import DENSE as SMALL
from tests.small_models import write_model

DENSE = case("1.15.5", "dense_adam")


def _signature(message, name="predict"):
    for kind, key, tensor in (("inputs", "x", "features:0"), ("outputs", "y", "prediction:0")):
        info = getattr(message.signature_def[name], kind)[key]
        info.name, info.dtype = tensor, 1


@pytest.fixture
def saved_model(tmp_path):
    """What TF1's SavedModelBuilder would have written of the golden model."""
    directory = tmp_path / "export"
    (directory / "variables").mkdir(parents=True)
    for path in DENSE.directory.glob("model.ckpt.[id]*"):
        shutil.copy(path, directory / "variables" / path.name.replace("model.ckpt", "variables"))
    model = SavedModel(saved_model_schema_version=1)
    for tags in (["train"], ["serve"]):
        message = model.meta_graphs.add()
        message.CopyFrom(read_meta_graph(DENSE.prefix.with_name("model.ckpt.meta")).message)
        message.meta_info_def.tags.extend(tags)
        _signature(message, "-".join(tags))
    (directory / "saved_model.pb").write_bytes(model.SerializeToString())
    return directory


@pytest.fixture
def frozen(tmp_path):
    """The golden model with its variables as constants."""
    graph = from_graph_def(read_meta_graph(DENSE.prefix.with_name("model.ckpt.meta")).graph_def)
    run_passes([Prune(["prediction"])], graph)
    with compat_saver.open_checkpoint(DENSE.prefix) as checkpoint:
        for node in graph:
            if node.op == "VariableV2":
                node.op = "Const"
                node.attrs = {"dtype": type_attr(1), "value": tensor_attr(checkpoint[node.name])}
    path = tmp_path / "frozen.pb"
    path.write_bytes(to_graph_def(graph).SerializeToString())
    return path


def _answers(directory, name, key, features):
    import tensorflow as tf

    (found,) = tf.saved_model.load(str(directory)).signatures[name](**{key: tf.constant(features)}).values()
    return found.numpy()


def _assert_as_tf1(directory, name, key):
    for inputs, outputs in DENSE.runs():
        found = _answers(directory, name, key, inputs["features:0"].astype(np.float32))
        np.testing.assert_allclose(found, outputs["prediction:0"], rtol=1e-4, atol=1e-5)


@pytest.mark.tensorflow
def test_a_saved_model_brings_signatures_and_weights(saved_model, tmp_path):
    report = compat_saver.migrate(saved_model, tmp_path / "out")
    assert report.status == "passed"
    assert (report.source.kind, report.source.checkpoint_version) == ("saved_model", "V2")
    assert [item.name for item in report.signatures] == ["serve"]
    assert len(report.weights) == 4
    _assert_as_tf1(tmp_path / "out", "serve", "x")


@pytest.mark.tensorflow
def test_a_frozen_graph_gets_its_weights_back(frozen, tmp_path):
    report = compat_saver.migrate(frozen, tmp_path / "out", outputs=["prediction"])
    assert report.status == "passed"
    assert (report.source.kind, report.source.checkpoint_version) == ("graph_def", None)
    names = ["hidden/bias", "hidden/kernel", "logits/bias", "logits/kernel"]
    found = report.to_dict()
    assert sorted(found["variables"]["from_constants"]) == names
    assert (found["variables"]["trainable"], found["variables"]["dropped"]) == (4, 0)
    assert found["verification"]["gradients"]["serving_default"]["with"] == 4
    _assert_as_tf1(tmp_path / "out", "serving_default", "features")
    assert compat_saver.verify(frozen, tmp_path / "out").to_dict()["variables"] == found["variables"]


@pytest.mark.tensorflow
def test_a_frozen_graph_is_trained_again(frozen, tmp_path):
    import tensorflow as tf

    compat_saver.migrate(frozen, tmp_path / "out", outputs=["prediction"])
    model = tf.saved_model.load(str(tmp_path / "out"))
    inputs, outputs = next(DENSE.runs())
    features = tf.constant(inputs["features:0"].astype(np.float32))
    losses = []
    for _ in range(5):
        with tf.GradientTape() as tape:
            (found,) = model.signatures["serving_default"](features=features).values()
            losses.append(tf.reduce_mean(tf.square(found - outputs["prediction:0"][:, ::-1])))
        for variable, gradient in zip(
            model.trainable_variables, tape.gradient(losses[-1], model.trainable_variables), strict=True
        ):
            variable.assign_sub(0.01 * gradient)
    assert losses[-1] < losses[0]


def test_constants_stay_where_asked_for(frozen, tmp_path):
    report = compat_saver.migrate(frozen, tmp_path / "out", outputs=["prediction"], variables="none", dry_run=True)
    assert report.weights == ()
    assert "Nothing can be trained: the graph has no variables" in report.warnings[-1]
    assert "--variables large" in report.warnings[-1]


def test_of_a_graph_with_variables_constants_are_taken_only_when_asked_for(tmp_path):
    values = ", ".join(map(str, range(6)))
    text = f"{SMALL}c = Const[dtype=float32, value=float32[3, 2]({values})]\nmore = MatMul[T=float32](prediction, c)\n"
    prefix = write_model(tmp_path, text)
    asked = {"outputs": ["more"], "dry_run": True}
    assert len(compat_saver.migrate(prefix, tmp_path / "out", **asked).weights) == 2
    assert len(compat_saver.migrate(prefix, tmp_path / "out", variables="large", **asked).weights) == 2
    found = compat_saver.migrate(prefix, tmp_path / "out", variables="all", **asked)
    assert [item.name for item in found.weights] == ["w", "b", "c"]
    assert found.to_dict()["variables"]["from_constants"] == ["c"]
    with pytest.raises(UsageError, match="--variables: expected all, large or none"):
        compat_saver.migrate(prefix, tmp_path / "out", variables="some")


def test_tags_choose_the_graph(saved_model, tmp_path):
    report = compat_saver.migrate(saved_model, tmp_path / "out", tag_set=["train"], dry_run=True)
    assert [item.name for item in report.signatures] == ["train"]
    with pytest.raises(compat_saver.NameNotFoundError, match=r"no graph of the tags gpu. It has: train; serve"):
        compat_saver.migrate(saved_model, tmp_path / "out", tag_set=["gpu"], dry_run=True)


def _with_init_op(saved_model, collection, op):
    """Names the op that TensorFlow's loader runs after it has restored the model; with no collection by a signature."""
    model = SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    for message in model.meta_graphs:
        if collection:
            message.collection_def[collection].node_list.value.append(op)
        else:
            message.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = op
    (saved_model / "saved_model.pb").write_bytes(model.SerializeToString())


def _restore_again(saved_model):
    """Adds an op that assigns a bias what the checkpoint holds for it, behind a cond; returns its name."""
    model = SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    for message in model.meta_graphs:
        graph = from_graph_def(message.graph_def)
        bias = graph["hidden/bias"].output()
        with compat_saver.open_checkpoint(DENSE.prefix) as checkpoint:
            value = tensor_attr(checkpoint["hidden/bias"])
        same = graph.add("Const", "same", [], {"dtype": type_attr(1), "value": value}).output()
        yes = graph.add("Const", "yes", [], {"dtype": type_attr(10), "value": tensor_attr(np.bool_(True))}).output()
        branch = graph.add("RefSwitch", "branch", [bias, yes], {"T": type_attr(1)})
        graph.add("Assign", "again", [branch.output(1), same], {"T": type_attr(1)})
        message.graph_def.CopyFrom(to_graph_def(graph))
    (saved_model / "saved_model.pb").write_bytes(model.SerializeToString())
    return "again"


@pytest.mark.tensorflow
@pytest.mark.parametrize("collection", ["saved_model_main_op", "legacy_init_op", ""])
def test_weights_that_loading_changes_are_a_difference(saved_model, tmp_path, collection):
    """TensorFlow's loader initializes them anew, at random."""
    _with_init_op(saved_model, collection, "init")
    told = r"(?s)/y: .*original's init op, 'init', was run"
    with pytest.raises(compat_saver.VerificationError, match=told) as caught:
        compat_saver.migrate(saved_model, tmp_path / "out")
    assert any("'hidden/kernel'" in line and "restore" in line for line in caught.value.report.warnings)
    assert not (tmp_path / "out").exists()


@pytest.mark.tensorflow
@pytest.mark.parametrize("collection", ["saved_model_main_op", ""])
def test_weights_that_loading_leaves_as_they_are_are_none(saved_model, tmp_path, collection):
    """The op assigns what the files hold: it restores once more."""
    _with_init_op(saved_model, collection, _restore_again(saved_model))
    report = compat_saver.migrate(saved_model, tmp_path / "out")
    assert report.status == "passed"
    assert any("may change 'hidden/bias'" in line for line in report.warnings)


@pytest.mark.parametrize("op", ["init_1", "global_step/Assign"])
def test_what_loading_changes_beside_the_weights_is_no_matter(saved_model, tmp_path, op):
    _with_init_op(saved_model, "", op)
    report = compat_saver.migrate(saved_model, tmp_path / "out", dry_run=True)
    assert [item.name for item in report.signatures] == ["serve"]


def test_a_saved_model_of_tf2_needs_no_migration(saved_model, tmp_path):
    model = SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    for message in model.meta_graphs:
        message.object_graph_def.nodes.add()
    (saved_model / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(compat_saver.NotALegacyArtifactError, match="needs no migration"):
        compat_saver.migrate(saved_model, tmp_path / "out", dry_run=True)


def test_a_graph_with_variables_and_no_checkpoint_says_so(tmp_path):
    graph_def = read_meta_graph(DENSE.prefix.with_name("model.ckpt.meta")).graph_def
    (tmp_path / "graph.pb").write_bytes(graph_def.SerializeToString())
    with pytest.raises(compat_saver.CannotMigrateError, match="a graph without a checkpoint") as caught:
        compat_saver.migrate(tmp_path / "graph.pb", tmp_path / "out", outputs=["prediction"])
    assert len(caught.value.obstacles) == 4


def test_a_source_is_never_replaced_by_its_own_migration(saved_model):
    with pytest.raises(compat_saver.UsageError, match="holds the source"):
        compat_saver.migrate(saved_model, saved_model, overwrite=True)
    assert (saved_model / "saved_model.pb").exists()
