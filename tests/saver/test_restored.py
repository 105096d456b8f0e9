"""restore(SOURCE): every model of its day opens, answers as it did, and says what to do where it does not."""

import re
from pathlib import Path

import numpy as np
import pytest

from compat_saver.errors import ArtifactError, GraphError, NameNotFoundError, RestoreError, UsageError
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.saver.restore.model import restore
from tests.golden_cases import Case, all_cases, by_release, case
from tests.small_models import write_checkpoint, write_model
from tests.test_golden import assert_agrees

pytestmark = pytest.mark.tensorflow


# A session asks for the labels that such a graph checks; a migrated model does not.
REPLAYED = [item for item in all_cases() if item.name != "label_checks"]


@pytest.mark.slow
@pytest.mark.parametrize("golden", by_release(REPLAYED))
def test_a_golden_case_answers_as_its_release_did(golden: Case):
    with restore(golden.prefix) as model:
        for inputs, expected in golden.runs():
            found = model.run({name: name for name in expected}, {**golden.facts["bind"], **inputs})
            for name, answer in expected.items():
                assert_agrees(found[name], answer)


# ---- models as programs made them


def saved(directory, build, *, var_list=None, fill=None, **saver):
    """Saves what `build` makes in a graph; returns the prefix."""
    import tensorflow as tf

    v1 = tf.compat.v1
    directory.mkdir(exist_ok=True)
    with tf.Graph().as_default(), v1.Session() as session:
        build(v1)
        made = v1.train.Saver(var_list() if callable(var_list) else var_list, **saver)
        session.run(v1.variables_initializer(v1.trainable_variables()))  # others are initialized with their values
        session.run(v1.global_variables_initializer())
        for name, value in (fill or {}).items():
            session.run(f"{name}/Assign", {session.graph.get_operation_by_name(f"{name}/Assign").inputs[1]: value})
        return Path(made.save(session, str(directory / "model.ckpt")))


def layer(v1, scope="dense", **variable):
    x = v1.placeholder("float32", [None, 2], name="x")
    v1.no_op(name="nothing")
    with v1.variable_scope(scope):
        kernel = v1.get_variable("kernel", [2, 3], use_resource=False, **variable)
        bias = v1.get_variable("bias", [3], initializer=v1.zeros_initializer(), use_resource=False)
    return v1.add(v1.matmul(x, kernel), bias, name="y")


KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIAS = np.float32([1, 2, 3])
DENSE = {"dense/kernel": KERNEL, "dense/bias": BIAS}
ONES = {"x": np.ones((1, 2))}
ANSWER = [[4, 7, 10]]


def test_names_with_and_without_port_keys_and_structures(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    with restore(prefix) as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert model.run("y:0", {"x:0": np.ones((1, 2))}).tolist() == ANSWER
        tensor = model.graph.get_tensor_by_name("y:0")
        found = model.run({"a": ["y", (tensor, "dense/bias")], "b": "nothing"}, {"x:0": [[1, 1]]})
        assert found["a"][0].tolist() == found["a"][1][0].tolist() == ANSWER
        assert found["a"][1][1].tolist() == [1, 2, 3]
        assert found["b"] is None
        assert model.run(tensor, {model.graph.get_tensor_by_name("x:0"): np.ones((1, 2))}).tolist() == ANSWER


def test_what_it_takes_and_gives_is_told(tmp_path):
    with restore(saved(tmp_path, layer, fill=DENSE)) as model:
        assert [(key, item.tensor, item.dtype, item.shape) for key, item in model.inputs.items()] == [
            ("x", "x:0", "float32", (None, 2))
        ]
        assert [item.tensor for item in model.outputs.values()] == ["y:0"]
        assert model.modes == {}


def test_the_session_is_the_default_one_inside_and_eager_is_unharmed_outside(tmp_path):
    import tensorflow as tf

    prefix = saved(tmp_path, layer, fill=DENSE)
    with pytest.raises(ZeroDivisionError), restore(prefix) as model:
        assert tf.compat.v1.get_default_graph() is model.graph
        assert tf.compat.v1.get_default_session() is model.session
        assert not tf.executing_eagerly()
        raise ZeroDivisionError
    assert tf.executing_eagerly()
    assert tf.constant(1).numpy() == 1
    with pytest.raises(RuntimeError, match="closed"):
        model.run("y", ONES)


def test_it_does_without_with(tmp_path):
    import tensorflow as tf

    model = restore(saved(tmp_path, layer, fill=DENSE))
    assert tf.executing_eagerly()
    assert model.run("y", {"x": tf.ones([1, 2])}).tolist() == ANSWER
    model.close()


def test_a_model_can_be_trained_on_and_saved_again(tmp_path):
    import tensorflow as tf

    v1 = tf.compat.v1
    prefix = saved(tmp_path, layer, fill=DENSE)
    with restore(prefix) as model:
        assert [item.op.name for item in v1.trainable_variables()] == ["dense/kernel", "dense/bias"]
        loss = tf.reduce_sum(model.graph.get_tensor_by_name("y:0") ** 2)
        before = set(v1.global_variables())
        step = v1.train.AdamOptimizer(0.1).minimize(loss)
        model.session.run(v1.variables_initializer([item for item in v1.global_variables() if item not in before]))
        first = model.run(loss, ONES)
        for _ in range(5):
            model.run(step, ONES)
        assert model.run(loss, ONES) < first
        again = model.saver.save(model.session, str(tmp_path / "tuned"))
        tuned = model.run("dense/bias")
    with restore(again) as model:
        assert model.run("dense/bias").tolist() == tuned.tolist()


# ---- matching


def test_variables_under_other_names(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    other = write_checkpoint(tmp_path / "other.ckpt", {"old/w": KERNEL + 1, "old/bias": BIAS})
    meta = f"{prefix}.meta"
    maps = [
        {"old/w": "dense/kernel", "old/bias": "dense/bias"},
        {"old/w": "dense/kernel", re.compile("^old/"): "dense/"},
        lambda name: name.replace("old/w", "dense/kernel").replace("old", "dense"),
    ]
    for name_map in maps:
        with restore(other, meta_graph=meta, name_map=name_map) as model:
            assert model.run("dense/kernel").tolist() == (KERNEL + 1).tolist()
            assert model.report.is_complete
    with pytest.raises(RestoreError, match=r"'dense/kernel' \(float32 \[2, 3\]\) is not in the checkpoint"):
        restore(other, meta_graph=meta)


def test_variables_below_a_scope(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    tensors = {f"tower/{name}": value for name, value in DENSE.items()}
    other = write_checkpoint(tmp_path / "other.ckpt", {**tensors, "dense/kernel": KERNEL + 1})
    with restore(other, meta_graph=f"{prefix}.meta", scope="tower") as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert model.report.unexpected == ("dense/kernel",)


def averaged(v1):
    import tensorflow as tf

    layer(v1)
    tf.train.ExponentialMovingAverage(0.9).apply(v1.trainable_variables())


def test_moving_averages_in_place_of_variables(tmp_path):
    average = {"dense/kernel/ExponentialMovingAverage": KERNEL + 1, "dense/bias/ExponentialMovingAverage": BIAS + 1}
    prefix = saved(tmp_path, averaged, fill={**DENSE, **average})
    names = ["dense/kernel", "dense/kernel/ExponentialMovingAverage"]
    with restore(prefix) as model:
        assert [value[0, 0] for value in model.run(names)] == [0, 1]
    with restore(prefix, ema=True) as model:
        assert [value[0, 0] for value in model.run(names)] == [1, 1]
    with pytest.raises(UsageError, match="holds no moving averages"):
        restore(case("1.15.5", "dense_adam").prefix, ema=True)


def test_a_checkpoint_that_does_not_fit(tmp_path):
    import tensorflow as tf

    prefix = saved(tmp_path, layer, fill=DENSE)
    other = write_checkpoint(
        tmp_path / "other.ckpt", {"dense/kernel": KERNEL.T, "dense/more": BIAS, "dense/offset": BIAS}
    )
    with pytest.raises(RestoreError) as caught:
        restore(other, meta_graph=f"{prefix}.meta")
    assert isinstance(caught.value, tf.errors.NotFoundError)
    assert "expected float32 [2, 3], found float32 [3, 2]" in str(caught.value)
    with restore(other, meta_graph=f"{prefix}.meta", strict=False) as model:
        report = model.report
        assert [row.name for row in report.missing] == ["dense/bias"]
        assert [row.name for row in report.mismatched] == ["dense/kernel"]
        assert (report.restored, report.unexpected) == ((), ("dense/more", "dense/offset"))
        assert report.initialized == ("dense/kernel", "dense/bias")
        assert model.run("dense/bias").tolist() == [0, 0, 0]
        assert "2 initialized" in str(report)


def partitioned(v1):
    return layer(v1, partitioner=v1.fixed_size_partitioner(2))


def test_partitioned_from_whole_and_whole_from_partitioned(tmp_path):
    parts = saved(tmp_path / "parts", partitioned)
    whole = saved(tmp_path / "whole", layer, fill=DENSE)
    with restore(whole, meta_graph=f"{parts}.meta") as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert model.run(["dense/kernel/part_0", "dense/kernel/part_1"])[1].tolist() == [[3, 4, 5]]
        again = model.saver.save(model.session, str(tmp_path / "again"), write_meta_graph=False)
    with restore(again, meta_graph=f"{whole}.meta") as model:
        assert model.run("y", ONES).tolist() == ANSWER
    one_by_one = {"dense/kernel/part_0": KERNEL[:1], "dense/kernel/part_1": KERNEL[1:], "dense/bias": BIAS}
    singly = write_checkpoint(tmp_path / "singly.ckpt", one_by_one)
    with restore(singly, meta_graph=f"{whole}.meta") as model:
        assert model.run("y", ONES).tolist() == ANSWER


def test_an_object_based_checkpoint(tmp_path):
    import tensorflow as tf

    prefix = saved(tmp_path, layer, fill=DENSE)
    objects = tf.train.Checkpoint(
        dense=tf.train.Checkpoint(kernel=tf.Variable(KERNEL + 1, name="any"), bias=tf.Variable(BIAS, name="thing"))
    )
    by_path = objects.write(str(tmp_path / "by_path"))
    with restore(by_path, meta_graph=f"{prefix}.meta") as model:
        assert model.run("dense/kernel").tolist() == (KERNEL + 1).tolist()
    kernel = tf.Variable(KERNEL + 2, name="dense/kernel")
    by_name = tf.train.Checkpoint(a=kernel, b=tf.Variable(BIAS, name="dense/bias")).write(str(tmp_path / "by_name"))
    with restore(by_name, meta_graph=f"{prefix}.meta") as model:
        assert model.run("dense/kernel").tolist() == (KERNEL + 2).tolist()


# ---- what no saver restores


def with_more(v1):
    import tensorflow as tf

    y = layer(v1)
    kernel = v1.get_default_graph().get_tensor_by_name("dense/kernel:0")
    v1.Variable(tf.reduce_sum(kernel), name="total", use_resource=False)
    first = v1.Variable(5.0, name="first", use_resource=False)
    v1.Variable(first.initialized_value() * 2, name="twice", use_resource=False)
    v1.Variable(3.0, name="local", collections=["local_variables"], use_resource=False)
    v1.Variable(4.0, name="resource", use_resource=True)
    v1.Variable(v1.placeholder("float32", [], name="given"), name="fed", use_resource=False)
    return y


def only_dense():
    import tensorflow as tf

    return [item for item in tf.compat.v1.global_variables() if item.op.name.startswith("dense")]


def test_what_the_saver_leaves_out_begins_as_the_graph_has_it(tmp_path):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        with_more(v1)
        saver = v1.train.Saver(only_dense())
        session.run(v1.variables_initializer(only_dense()))
        assign = session.graph.get_operation_by_name("dense/kernel/Assign")
        session.run(assign, {assign.inputs[1]: KERNEL})
        prefix = saver.save(session, str(tmp_path / "model.ckpt"))
    with restore(prefix) as model:
        assert model.run(["total", "first", "twice", "local"]) == [15, 5, 10, 3]
        assert model.run("resource/Read/ReadVariableOp") == 4
        assert model.report.initialized == ("total", "first", "twice", "local", "resource")
        assert [item.name for item in model.report.uninitialized] == ["fed"]
        assert "'given'" in model.report.uninitialized[0].reason
        assert model.run("dense/kernel").tolist() == KERNEL.tolist()
        with pytest.raises(UsageError, match="'fed': its initializer needs the placeholder 'given'") as caught:
            model.run("fed/read")
        assert isinstance(caught.value, tf.errors.FailedPreconditionError)


def test_what_the_saver_leaves_out_and_the_checkpoint_has_is_restored(tmp_path):
    prefix = saved(tmp_path, layer, var_list=lambda: only_dense()[:1], fill=DENSE)
    other = write_checkpoint(tmp_path / "other.ckpt", DENSE)
    with restore(other, meta_graph=f"{prefix}.meta") as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert [row.name for row in model.report.restored] == ["dense/kernel", "dense/bias"]
        assert (model.report.initialized, model.report.unexpected) == ((), ())


def test_a_graph_without_saver_and_collections(tmp_path):
    with restore(write_model(tmp_path, trainable=())) as model:
        assert model.run("prediction", {"x": [[1.0, 1.0]]}).tolist() == [[3.5, 5.0, 6.5]]
        assert model.saver is not None


# ---- sources


def test_any_file_of_it_and_the_directory_lead_to_it(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    state = tmp_path / "checkpoint"
    state.write_text(state.read_text().replace('path: "', 'path: "/home/somebody/run/').replace(str(tmp_path), ""))
    for source in (tmp_path, f"{prefix}.meta", f"{prefix}.index", f"{prefix}.data-00000-of-00001"):
        with restore(source) as model:
            assert model.run("y", ONES).tolist() == ANSWER


def test_a_saved_model_with_a_table_from_a_file(tmp_path):
    import tensorflow as tf

    v1 = tf.compat.v1
    words = tmp_path / "words.txt"
    words.write_text("red\ngreen\n")
    with tf.Graph().as_default(), v1.Session() as session:
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
            ),
            1,
        )
        word = v1.placeholder(tf.string, [None], name="word")
        weight = v1.Variable([10.0, 20.0, 30.0], use_resource=False)
        found = tf.gather(weight, table.lookup(word), name="found")
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        v1.saved_model.simple_save(
            session, str(tmp_path / "model"), {"the_word": word}, {"worth": found}, v1.tables_initializer()
        )
    words.unlink()
    with restore(tmp_path / "model") as model:
        assert model.run("worth", {"the_word": ["green", "blue"]}).tolist() == [20, 30]
        assert model.run({"w": "worth"}, {"word": [b"red"]})["w"].tolist() == [10]
        assert {key: item.tensor for key, item in model.inputs.items()} == {"the_word": "word:0"}
        assert model.outputs["worth"].signature == "serving_default"
    with pytest.raises(NameNotFoundError, match="train"):
        message = (tmp_path / "model" / "saved_model.pb").read_bytes()
        (tmp_path / "model" / "saved_model.pb").write_bytes(message * 2)
        restore(tmp_path / "model", tag_set=["train"])


def test_the_file_of_a_table_is_given_or_its_absence_told(tmp_path):
    import tensorflow as tf

    golden = case("1.15.5", "lookup_files")
    directory = tmp_path / "moved"
    directory.mkdir()
    for path in golden.directory.iterdir():
        if path.name.startswith(golden.prefix.name):
            (directory / path.name).write_bytes(path.read_bytes())
    inputs, expected = next(golden.runs())
    with restore(directory / golden.prefix.name) as model:
        assert any("not beside the source" in note for note in model.report.notes)
        with pytest.raises(UsageError, match="not beside the source") as caught:
            model.run(list(expected), inputs)
        assert isinstance(caught.value, tf.errors.FailedPreconditionError)
    texts = {path.name: path for path in golden.directory.iterdir() if path.suffix in (".txt", ".csv")}
    with restore(directory / golden.prefix.name, assets=texts) as model:
        for found, answer in zip(model.run(list(expected), inputs), expected.values(), strict=True):
            assert_agrees(found, answer)


def test_a_frozen_graph(tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [None], name="x")
        tf.nn.relu(x, name="y")
    (tmp_path / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with restore(tmp_path / "frozen.pb") as model:
        assert model.run("y", {"x": [-1, 2]}).tolist() == [0, 2]
        assert model.saver is None
        assert model.report.restored == ()


def test_a_graph_with_variables_and_no_checkpoint(tmp_path):
    prefix = saved(tmp_path / "run", layer)  # a checkpoint beside the graph would be taken for its own
    message = MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    (tmp_path / "graph.pb").write_bytes(message.graph_def.SerializeToString())
    with pytest.raises(RestoreError, match="a graph alone"):
        restore(tmp_path / "graph.pb")
    with restore(tmp_path / "graph.pb", strict=False) as model:
        assert model.report.initialized == ("dense/kernel", "dense/bias")
        assert model.run("y", ONES).shape == (1, 3)


def test_what_is_no_model_or_no_graph(tmp_path):
    import tensorflow as tf

    with pytest.raises(ArtifactError):
        restore(tmp_path / "nothing")
    broken = "x = Placeholder[dtype=float32, shape=[2]]\nbad = MatMul[T=int32](x, x)\n"
    with pytest.raises(GraphError, match="TensorFlow rejects the graph"):
        restore(write_model(tmp_path, broken))
    assert tf.executing_eagerly()


# ---- what is left out, and what to do


def test_an_op_without_replacement_in_the_training_part(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    path = Path(f"{prefix}.meta")
    message = MetaGraphDef.FromString(path.read_bytes())
    lost = message.graph_def.node.add(name="exchange", op="HorovodAlltoall", input=["y"])
    lost.attr["T"].type = 1
    message.graph_def.node.add(name="train", op="NoOp", input=["^exchange"])
    message.collection_def["train_op"].node_list.value.append("train")
    path.write_bytes(message.SerializeToString())
    with restore(prefix) as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert any("HorovodAlltoall" in note for note in model.report.notes)
        with pytest.raises(NameNotFoundError, match=r"'train' was left out .* 'exchange', which is HorovodAlltoall"):
            model.run("train", ONES)


def test_an_op_without_a_kernel_does_not_keep_the_rest_from_running(tmp_path):
    text = """
    x = Placeholder[dtype=float32, shape=[?]]
    y = Relu[T=float32](x)
    groups = Const[dtype=int32, value=int32[1, 1](0)]
    sum = CrossReplicaSum[T=float32](x, groups)
    """
    with restore(write_model(tmp_path, text, {"w": BIAS}, ())) as model:
        assert model.run("y", {"x": [1.0]}).tolist() == [1]
        assert model.report.unexpected == ("w",)
        with pytest.raises(NameNotFoundError, match="it is CrossReplicaSum: without a CPU kernel"):
            model.run("sum", {"x": [1.0]})


def test_a_name_that_is_not_there(tmp_path):
    with restore(saved(tmp_path, layer, fill=DENSE)) as model:
        with pytest.raises(NameNotFoundError, match="'dense/kernal'; did you mean 'dense/kernel'"):
            model.run("dense/kernal")
        with pytest.raises(NameNotFoundError, match="has 1 outputs"):
            model.run("y:1")
        with pytest.raises(NameNotFoundError, match="'features'"):
            model.run("y", {"features": 1})
        with pytest.raises(UsageError, match="an op without outputs"):
            model.run("y", {"nothing": 1})


def with_dropout(v1):
    import tensorflow as tf

    x = v1.placeholder("float32", [None, 2], name="x")
    kernel = v1.get_variable("kernel", [2, 3], use_resource=False)
    keep = v1.placeholder("float32", [], name="keep_prob")
    return tf.identity(v1.nn.dropout(v1.matmul(x, kernel), keep_prob=keep), name="y")


def test_a_placeholder_that_was_not_fed_and_the_mode_it_wants(tmp_path):
    import tensorflow as tf

    with restore(saved(tmp_path, with_dropout)) as model:
        assert model.modes == {"keep_prob:0": 1.0}
        assert list(model.inputs) == ["x"]
        with pytest.raises(UsageError) as caught:
            model.run("y")
        assert isinstance(caught.value, tf.errors.InvalidArgumentError)
        assert "'x:0' (float32 [?, 2])" in str(caught.value)
        assert "'keep_prob:0' (float32 []); for inference it is 1.0: a dropout keeps" in str(caught.value)
        with pytest.raises(UsageError) as caught:
            model.run("y", ONES)
        assert "'x:0'" not in str(caught.value)
        assert model.run("y", {**ONES, **model.modes}).shape == (1, 3)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.ones((1, 3)), r"expected float32 \[\?, 2\], found float64 \[1, 3\]"),
        (np.ones(2), r"expected float32 \[\?, 2\], found float64 \[2\]"),
        ([["a", "b"]], r"expected float32 \[\?, 2\], found str"),
        ([[1], [1, 2]], "rows of different lengths"),
        (np.ones((1, 2), np.complex64), "found complex64"),
    ],
)
def test_a_value_that_does_not_fit(tmp_path, value, found):
    with restore(saved(tmp_path, layer)) as model, pytest.raises(UsageError, match=found):
        model.run("y", {"x": value})


def test_whole_numbers_take_whole_numbers_only(tmp_path):
    text = "w = VariableV2[dtype=float32, shape=[3]]\ni = Placeholder[dtype=uint8, shape=[?]]\nt = Identity[T=uint8](i)"
    with restore(write_model(tmp_path, text, {"w": BIAS})) as model:
        assert model.run("t", {"i": [1, 255]}).tolist() == [1, 255]
        assert model.run("t", {"i": np.float64([1, 2])}).tolist() == [1, 2]
        for bad in ([256], [1.5], [-1], [np.nan]):
            with pytest.raises(UsageError, match="expected uint8"):
                model.run("t", {"i": bad})


def test_the_report_tells_everything_as_plain_data(tmp_path):
    import json

    with restore(saved(tmp_path, layer, fill=DENSE)) as model:
        found = json.loads(json.dumps(model.report.as_dict()))
    assert sorted(row["name"] for row in found["restored"]) == ["dense/bias", "dense/kernel"]
    assert {"missing", "unexpected", "mismatched", "initialized", "uninitialized", "notes"} <= found.keys()


# ---- a key, a name, and which of them is meant


def saved_model(directory, build, inputs=(), outputs=(), signatures=None, **arguments):
    """Writes a SavedModel of what `build` makes with the SavedModelBuilder of TF1; returns its directory.

    `build` returns key -> tensor, or (key -> tensor, arguments of add_meta_graph_and_variables).
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        built = build(v1)
        tensors, more = built if isinstance(built, tuple) else (built, {})
        session.run(v1.global_variables_initializer())
        session.run(v1.tables_initializer())
        keys = signatures or {"serving_default": ({key: key for key in inputs}, {key: key for key in outputs})}
        defs = {
            name: v1.saved_model.predict_signature_def(
                {key: tensors[item] for key, item in taken.items()}, {key: tensors[item] for key, item in given.items()}
            )
            for name, (taken, given) in keys.items()
        }
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=defs, **more, **arguments)
        builder.save()
    return directory


def ambiguous(v1):
    import tensorflow as tf

    a = v1.placeholder("float32", [], name="x")
    b = v1.placeholder("float32", [], name="given")
    w = v1.get_variable("w", initializer=2.0, use_resource=False)
    return {"a": a, "b": b, "y": tf.add(a, w, name="y"), "final": tf.multiply(b, w, name="final")}


def test_a_key_comes_before_a_node_of_its_name(tmp_path):
    signature = {"serving_default": ({"x": "b"}, {"y": "final"})}
    with restore(saved_model(tmp_path / "m", ambiguous, signatures=signature)) as model:
        assert (model.inputs["x"].tensor, model.outputs["y"].tensor) == ("given:0", "final:0")
        assert model.run("y", {"x": 5}) == 10
        assert model.run(["y", "y:0"], {"x": 5, "x:0": 1}) == [10, 3]
        assert model.run("x", {"x": 5}) == 5
        assert model.run({"w": "w"})["w"] == 2


def test_a_key_of_several_signatures_has_to_be_told(tmp_path):
    signatures = {"first": ({"x": "a"}, {"y": "y"}), "second": ({"x": "b"}, {"y": "final"})}
    with restore(saved_model(tmp_path / "m", ambiguous, signatures=signatures)) as model:
        assert list(model.outputs) == ["first/y", "second/y"]
        with pytest.raises(UsageError, match=r"'y' is a key of several signatures.*'first/y' or 'second/y'"):
            model.run("y", {"first/x": 1})
        with pytest.raises(UsageError, match="'x' is a key of several signatures"):
            model.run("first/y", {"x": 1})
        assert model.run(["first/y", "second/y", "y:0"], {"first/x": 1, "second/x": 5}) == [3, 10, 3]


def test_every_input_that_is_told_can_be_fed_by_its_key():
    golden = case("1.15.5", "name_collision")
    with restore(golden.prefix) as model:
        inputs, _ = next(golden.runs())
        by_tensor = {name if ":" in name else f"{name}:0": value for name, value in inputs.items()}
        feeds = {key: by_tensor[item.tensor] for key, item in model.inputs.items()}
        expected = model.run([item.tensor for item in model.outputs.values()], by_tensor)
        for found, answer in zip(model.run(list(model.outputs), feeds), expected, strict=True):
            assert np.array_equal(found, answer)


def test_feeds_that_are_no_mapping(tmp_path):
    with restore(saved(tmp_path, layer)) as model, pytest.raises(UsageError, match=r"feeds: .* found a list"):
        model.run("y", [ONES["x"]])


def test_a_tensor_that_is_fed_twice(tmp_path):
    with restore(saved(tmp_path, layer)) as model, pytest.raises(UsageError, match="'x:0' is given two values"):
        model.run("y", {**ONES, "x:0": np.zeros((1, 2))})


def test_a_hint_says_nothing_twice(tmp_path):
    with restore(saved(tmp_path, layer)) as model:
        with pytest.raises(NameNotFoundError) as caught:
            model.run("xx")
        assert str(caught.value).count("'x'") == 1


# ---- the init op of a SavedModel


def answered(directory, fetch, feeds=None):
    """Returns what TensorFlow's own loader answers."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, ["serve"], str(directory))
        return session.run(fetch, feeds)


def assigning(use_resource, signature=False, legacy=False):
    def build(v1):
        x = v1.placeholder("float32", [], name="x")
        w = v1.get_variable("w", initializer=2.0, use_resource=use_resource)
        counted = v1.get_variable("counted", initializer=1.0, use_resource=use_resource)
        local = v1.get_variable("local", initializer=3.0, use_resource=False, collections=["local_variables"])
        ops = [v1.assign(w, 42.0).op, v1.assign_add(counted, 1.0).op, v1.assign(local, 7.0).op]
        op = v1.group(*ops, name="begin")
        y = v1.add_n([x, w, counted, v1.identity(local)], name="y")
        if signature:
            v1.add_to_collection("saved_model_main_op", v1.assign(w, 5.0, name="other").op)
        return {"x": x, "y": y}, {} if signature else {"legacy_init_op" if legacy else "main_op": op}

    return build


@pytest.mark.parametrize("use_resource", [False, True], ids=["references", "resources"])
@pytest.mark.parametrize("legacy", [False, True], ids=["main_op", "legacy_init_op"])
def test_the_init_op_is_run_once_as_tensorflow_runs_it(tmp_path, use_resource, legacy):
    directory = saved_model(tmp_path / "m", assigning(use_resource, legacy=legacy), ["x"], ["y"])
    expected = answered(directory, "y:0", {"x:0": 1.0})
    assert expected == 52
    with restore(directory) as model:
        assert model.run("y", {"x": 1}) == expected
        assert model.report.initialized == ("local",)
        (note,) = [note for note in model.report.notes if "init op" in note]
        assert "'begin', was run" in note
        assert "'counted', 'w'" in note


def test_the_signature_of_an_init_op_comes_first_and_is_no_signature(tmp_path):
    from compat_saver.proto.messages import SavedModel

    directory = saved_model(tmp_path / "m", assigning(False, signature=True), ["x"], ["y"])
    path = directory / "saved_model.pb"
    message = SavedModel.FromString(path.read_bytes())
    key = "__saved_model_init_op"
    message.meta_graphs[0].signature_def[key].outputs[key].name = "begin"
    path.write_bytes(message.SerializeToString())
    expected = answered(directory, "y:0", {"x:0": 1.0})
    with restore(directory) as model:
        assert model.run("y", {"x": 1}) == expected == 52
        assert {item.signature for item in model.outputs.values()} == {"serving_default"}


def test_an_init_op_that_fails_or_is_left_out_is_told(tmp_path):
    from compat_saver.proto.messages import SavedModel

    def build(v1):
        import tensorflow as tf

        w = v1.get_variable("w", initializer=2.0, use_resource=False)
        text = tf.io.read_file(str(tmp_path / "gone.txt"))
        local = v1.get_variable("local", initializer=3.0, use_resource=False, collections=["local_variables"])
        op = v1.assign(local, tf.strings.to_number(text)).op
        return {"w": w, "y": v1.add(w, local, name="y")}, {"main_op": op}

    directory = saved_model(tmp_path / "m", build, ["w"], ["y"])
    with restore(directory) as model:
        assert any("failed" in note and "gone.txt" in note for note in model.report.notes)
        assert model.run("y") == 5
        assert model.report.initialized == ("local",)
    path = directory / "saved_model.pb"
    message = SavedModel.FromString(path.read_bytes())
    node = next(item for item in message.meta_graphs[0].graph_def.node if item.op == "ReadFile")
    node.op = "HorovodAlltoall"
    path.write_bytes(message.SerializeToString())
    with restore(directory) as model:
        assert any("init op" in note and "was not run" in note and "Horovod" in note for note in model.report.notes)
        assert model.run("y") == 5


def test_the_init_op_reads_the_assets_and_fills_the_tables_once(tmp_path):
    import tensorflow as tf

    words = tmp_path / "words.txt"
    words.write_text("red\ngreen\n")

    def build(v1):
        path = tf.constant(str(words), name="path")
        v1.add_to_collection("asset_filepaths", path)
        initializer = tf.lookup.TextFileInitializer(
            path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        table = tf.lookup.StaticHashTable(initializer, -1)
        text = v1.get_variable("text", initializer="", use_resource=False)
        fills = v1.get_variable("fills", initializer=0, use_resource=False)
        counted = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        with tf.control_dependencies([v1.assign_add(fills, 1)]):
            insert = counted.insert(tf.constant(["a"]), tf.constant([1], tf.int64))
        v1.add_to_collection("table_initializer", insert)
        read = v1.assign(text, tf.io.read_file(path)).op
        word = v1.placeholder(tf.string, [None], name="word")
        found = tf.identity(table.lookup(word), name="found")
        op = v1.group(v1.tables_initializer(), read)
        both = {"assets_collection": v1.get_collection("asset_filepaths"), "main_op": op}
        return {"word": word, "found": found, "fills": fills.read_value(), "text": text.read_value()}, both

    directory = saved_model(tmp_path / "m", build, ["word"], ["found", "fills", "text"])
    words.unlink()
    with restore(directory) as model:
        found = model.run({key: key for key in model.outputs}, {"word": ["green"]})
        assert (found["found"].tolist(), found["text"]) == ([1], b"red\ngreen\n")
        assert found["fills"] == answered(directory, model.outputs["fills"].tensor)


# ---- Python functions of the old program


def with_python(v1):
    import tensorflow as tf

    x = v1.placeholder("float32", [2], name="x")
    w = v1.get_variable("w", initializer=[1.0, 2.0], use_resource=False)
    y = tf.multiply(x, w, name="y")
    v1.add(v1.py_func(lambda value: value + 1, [y], tf.float32, name="old"), 0.0, name="z")


def test_a_report_tells_every_note_once():
    with restore(case("1.15.5", "pipeline_py_func").prefix) as model:
        (note,) = model.report.notes
        assert str(model.report).count(note) == 1


def test_a_python_function_of_the_program_is_told_and_never_another_one(tmp_path):
    import tensorflow as tf

    prefix = saved(tmp_path, with_python)
    with tf.Graph().as_default():
        token = tf.compat.v1.py_func(lambda value: value * 0, [tf.zeros(2)], tf.float32).op.get_attr("token")
    path = Path(f"{prefix}.meta")
    message = MetaGraphDef.FromString(path.read_bytes())
    next(node for node in message.graph_def.node if node.op == "PyFunc").attr["token"].s = token
    path.write_bytes(message.SerializeToString())
    with restore(prefix) as model:
        assert any("'old' (PyFunc)" in note and "cannot run" in note for note in model.report.notes)
        assert [item.tensor for item in model.outputs.values()] == ["y:0"]
        with pytest.raises(UsageError, match="'old:0'") as caught:
            model.run("z", {"x": [1, 2]})
        assert isinstance(caught.value, tf.errors.OpError)
        assert model.run("z", {"old:0": [1, 2]}).tolist() == [1, 2]
        assert model.run("y", {"x": [1, 2]}).tolist() == [1, 4]


# ---- arguments


def test_a_source_that_is_no_path():
    with pytest.raises(UsageError, match="found None, which is what latest_checkpoint returns"):
        restore(None)
    with pytest.raises(TypeError, match="found a int"):
        restore(3)


def test_a_meta_graph_without_its_checkpoint(tmp_path):
    prefix = saved(tmp_path, layer)
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "model.ckpt.meta"
    alone.write_bytes(Path(f"{prefix}.meta").read_bytes())
    for source in (alone, alone.parent, str(alone).removesuffix(".meta")):
        with pytest.raises(RestoreError, match=r"meta_graph=GRAPH.meta, .*strict=False"):
            restore(source)
        with restore(source, strict=False) as model:
            assert model.report.initialized == ("dense/kernel", "dense/bias")
            assert model.run("y", ONES).shape == (1, 3)
    text = "x = Placeholder[dtype=float32, shape=[?]]\ny = Relu[T=float32](x)"
    bare = write_model(tmp_path / "alone", text, {"w": BIAS}, ())
    for path in bare.parent.iterdir():
        if path.suffix != ".meta":
            path.unlink()
    with restore(bare) as model:
        assert model.run("y", {"x": [-1.0]}).tolist() == [0]


def test_a_name_map_that_leads_to_nothing(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    with pytest.raises(UsageError, match="no variable is called 'dense/kernal'; did you mean 'dense/kernel'"):
        restore(prefix, name_map={"dense/kernel": "dense/kernal"}, strict=False)
    with restore(prefix, name_map={re.compile("kernel"): "kernal"}, strict=False) as model:
        assert [row.name for row in model.report.missing] == ["dense/kernel"]
        with pytest.raises(UsageError, match="no variable is called 'dense/bais'; did you mean 'dense/bias'"):
            model.saver.restore(model.session, prefix, name_map={"dense/bias": "dense/bais"}, strict=False)
    other = write_checkpoint(tmp_path / "other.ckpt", {**DENSE, "dense/kernel": 0 * KERNEL, "spare": KERNEL})
    swapped = {"spare": "dense/kernel", "dense/kernel": "spare"}
    with restore(other, meta_graph=f"{prefix}.meta", name_map=swapped) as model:
        assert model.run("y", ONES).tolist() == ANSWER
    parts = saved(tmp_path / "parts", partitioned)
    with restore(prefix, meta_graph=f"{parts}.meta", name_map={"dense/kernel": "dense/kernel"}) as model:
        assert model.run("y", ONES).tolist() == ANSWER


def test_tags(tmp_path):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        y = v1.get_variable("w", initializer=2.0, use_resource=False) * 1
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(tmp_path / "m"))
        builder.add_meta_graph_and_variables(session, ["train", "gpu"])
        builder.save()
        name = y.name
    for tags in ("train,gpu", "gpu, train", ("train", "gpu")):
        with restore(tmp_path / "m", tag_set=tags) as model:
            assert model.report.notes == ()
            assert model.run(name) == 2
    with restore(tmp_path / "m", tag_set="eval") as model:
        (note,) = model.report.notes
        assert "no graph of the tags eval" in note
        assert "gpu,train" in note or "train,gpu" in note


def test_errors_say_what_python_calls_its_arguments(tmp_path):
    prefix = saved(tmp_path / "run", layer, write_version=2)
    Path(f"{prefix}.meta").rename(tmp_path / "elsewhere.meta")
    with pytest.raises(ArtifactError, match="meta_graph= in Python"):
        restore(prefix)
    with pytest.raises(UsageError, match=r"asset nope\.txt=") as caught:
        restore(prefix, meta_graph=tmp_path / "elsewhere.meta", assets={"nope.txt": prefix})
    assert "--asset" not in str(caught.value)


def test_a_closed_model_is_not_entered_again(tmp_path):
    model = restore(saved(tmp_path, layer))
    with model:
        pass
    with pytest.raises(UsageError, match="closed"), model:
        pass
