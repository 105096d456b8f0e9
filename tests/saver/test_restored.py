"""restore(SOURCE): every model of its day opens, answers as it did, and says what to do where it does not."""

import re
from pathlib import Path

import numpy as np
import pytest

from compat_saver.errors import ArtifactError, GraphError, NameNotFoundError, RestoreError, UsageError
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.saver.opened.restored import restore
from tests.golden_cases import Case, all_cases, case
from tests.small_models import write_checkpoint, write_model
from tests.test_golden import assert_agrees

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    "golden",
    [item if str(item).startswith("1.15") else pytest.param(item, marks=pytest.mark.slow) for item in all_cases()],
    ids=str,
)
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
        session.run(v1.variables_initializer(v1.trainable_variables()))  # others begin with their values
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


# ---- which tensor is whose


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
        assert report.initialised == ("dense/kernel", "dense/bias")
        assert model.run("dense/bias").tolist() == [0, 0, 0]
        assert "2 initialised" in str(report)


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
        assert model.report.initialised == ("total", "first", "twice", "local", "resource")
        assert [item.name for item in model.report.uninitialised] == ["fed"]
        assert "'given'" in model.report.uninitialised[0].reason
        assert model.run("dense/kernel").tolist() == KERNEL.tolist()
        with pytest.raises(UsageError, match="'fed': its initialiser needs the placeholder 'given'") as caught:
            model.run("fed/read")
        assert isinstance(caught.value, tf.errors.FailedPreconditionError)


def test_what_the_saver_leaves_out_and_the_checkpoint_has_is_restored(tmp_path):
    prefix = saved(tmp_path, layer, var_list=lambda: only_dense()[:1], fill=DENSE)
    other = write_checkpoint(tmp_path / "other.ckpt", DENSE)
    with restore(other, meta_graph=f"{prefix}.meta") as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert [row.name for row in model.report.restored] == ["dense/kernel", "dense/bias"]
        assert (model.report.initialised, model.report.unexpected) == ((), ())


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
        assert any("neither there nor beside the source" in note for note in model.report.notes)
        with pytest.raises(UsageError, match="neither there nor beside") as caught:
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
    prefix = saved(tmp_path, layer)
    message = MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    (tmp_path / "graph.pb").write_bytes(message.graph_def.SerializeToString())
    with pytest.raises(RestoreError, match="a graph alone"):
        restore(tmp_path / "graph.pb")
    with restore(tmp_path / "graph.pb", strict=False) as model:
        assert model.report.initialised == ("dense/kernel", "dense/bias")
        assert model.run("y", ONES).shape == (1, 3)


def test_what_is_no_model_or_no_graph(tmp_path):
    import tensorflow as tf

    with pytest.raises(ArtifactError):
        restore(tmp_path / "nothing")
    broken = "x = Placeholder[dtype=float32, shape=[2]]\nbad = MatMul[T=int32](x, x)\n"
    with pytest.raises(GraphError, match="TensorFlow does not import the graph"):
        restore(write_model(tmp_path, broken))
    assert tf.executing_eagerly()


# ---- what is left out, and what to do


def test_an_op_without_replacement_in_the_training_part(tmp_path):
    prefix = saved(tmp_path, layer, fill=DENSE)
    path = Path(f"{prefix}.meta")
    message = MetaGraphDef.FromString(path.read_bytes())
    lost = message.graph_def.node.add(name="exchange", op="HorovodAllreduce", input=["y"])
    lost.attr["T"].type = 1
    message.graph_def.node.add(name="train", op="NoOp", input=["^exchange"])
    message.collection_def["train_op"].node_list.value.append("train")
    path.write_bytes(message.SerializeToString())
    with restore(prefix) as model:
        assert model.run("y", ONES).tolist() == ANSWER
        assert any("HorovodAllreduce" in note for note in model.report.notes)
        with pytest.raises(NameNotFoundError, match=r"'train' was left out .* 'exchange', which is HorovodAllreduce"):
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
        assert "'keep_prob:0' (float32 []); in use it is 1.0: a dropout keeps" in str(caught.value)
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
    assert {"missing", "unexpected", "mismatched", "initialised", "uninitialised", "notes"} <= found.keys()
