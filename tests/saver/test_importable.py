"""A graph of its day becomes one that today's TensorFlow imports: names stay, what cannot run is left out and told."""

import numpy as np
import pytest

from compat_saver import dtypes
from compat_saver.errors import NameNotFoundError
from compat_saver.graph import OpCatalog, from_graph_def, parse_graph, to_graph_def
from compat_saver.graph.text import differences
from compat_saver.model.runnable.whole_graph import importable
from compat_saver.proto.messages import MetaGraphDef, VariableDef
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from tests.golden_cases import all_cases, by_release, case

pytestmark = pytest.mark.tensorflow
RESOURCE = dtypes.by_name("resource").number

TRAINED = """
x = Placeholder[dtype=float32, shape=[?]]
w = VariableV2[dtype=float32, shape=[], container="", shared_name=""]
w/read = Identity[T=float32](w)
y = Mul[T=float32](x, w/read)
lost = HorovodAlltoall[T=float32](y)
twice = AddN[N=2, T=float32](lost, lost)
waiting = Identity[T=float32](y, ^twice)
train = NoOp(^waiting)
"""
BUCKETS = """
a = Placeholder[dtype=float32, shape=[?]]
b = Placeholder[dtype=float32, shape=[?]]
limits = Const[dtype=float32, value=float32[2](1.0, 2.0)]
found = BoostedTreesBucketize[num_features=2](a, b, limits, limits)
second = Identity[T=int32](found:1)
after = Identity[T=float32](a, ^found)
"""
SCORES = """
x = Placeholder[dtype=float32, shape=[?, ?, ?]]
l = Placeholder[dtype=int32, shape=[?]]
c = CTCBeamSearchDecoder[beam_width=4, top_paths=1, merge_repeated=true](x, l)
path = Identity[T=int64](c:1)
score = Identity[T=float32](c:3)
"""


def meta_of(text, producer=26, version="1.15.5", **collections):
    message = MetaGraphDef(graph_def=to_graph_def(parse_graph(text, producer)))
    message.meta_info_def.tensorflow_version = version
    for key, names in collections.items():
        message.collection_def[key].node_list.value.extend(names)
    return MetaGraph("model.ckpt.meta", message)


def imported(meta):
    """Imports what becomes of a meta graph, and returns it with the tf.Graph."""
    import tensorflow as tf

    found = importable(meta)
    graph = tf.Graph()
    with graph.as_default():
        message = tf.compat.v1.MetaGraphDef.FromString(found.meta.message.SerializeToString())
        tf.compat.v1.train.import_meta_graph(message)
    return found, graph


def run(graph, fetches, feeds):
    import tensorflow as tf

    with tf.compat.v1.Session(graph=graph) as session:
        return session.run(fetches, feeds)


# ---- what is replaced


def test_a_graph_that_runs_stays_as_it_is():
    meta = meta_of("x = Placeholder[dtype=float32, shape=[?]]\ny = Relu[T=float32](x)")
    found, _ = imported(meta)
    assert differences(found.graph, from_graph_def(meta.graph_def)) == []
    assert found.notes == ()
    assert found.rewrites == ()


def test_every_output_of_what_was_replaced_can_be_fetched_under_its_name():
    found, graph = imported(meta_of(BUCKETS))
    assert [item.name for item in found.rewrites] == ["bounds"]
    a, b, second, after = run(
        graph, ["found:0", "found:1", "second:0", "after:0"], {"a:0": [0.5, 1.5], "b:0": [2.5, 1.0]}
    )
    assert (a.tolist(), b.tolist(), second.tolist()) == ([0, 1], [1, 0], [1, 0])
    assert after.tolist() == [0.5, 1.5]
    assert graph.get_operation_by_name("after").control_inputs == [graph.get_operation_by_name("found")]


def test_what_was_replaced_can_be_fed_under_its_name():
    _, graph = imported(meta_of(BUCKETS))
    assert run(graph, "second:0", {"found:1": [7]}).tolist() == [7]


def test_the_same_pass_in_a_migration_keeps_no_names():
    from compat_saver.passes import run_passes
    from compat_saver.passes.replacements.bucketize_and_bitpack import Bucketize

    graph = parse_graph(BUCKETS, 26)
    run_passes([Bucketize()], graph)
    assert "IdentityN" not in {node.op for node in graph}


def test_a_score_is_the_one_of_its_day_under_its_own_name_too():
    _, graph = imported(meta_of(SCORES, producer=26))
    feeds = {"x:0": np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32), "l:0": [3, 2]}
    fetched, read, path, own = run(graph, ["c:3", "score:0", "path:0", "c:1"], feeds)
    assert fetched.tolist() == read.tolist()
    assert path.tolist() == own.tolist()
    _, today = imported(meta_of(SCORES, producer=1000))
    assert (fetched > run(today, "c:3", feeds) + 0.5).all()


def test_an_unknown_attribute_goes_if_it_holds_its_default_and_its_node_if_not():
    text = "x = Placeholder[dtype=float32]\ny = Relu[T=float32, {}=2](x)\nz = Neg[T=float32](y)"
    meta = meta_of(text.format("told"))
    op = meta.message.meta_info_def.stripped_op_list.op.add(name="Relu")
    op.attr.add(name="told", type="int").default_value.i = 2
    assert imported(meta)[0].left_out == {}
    op.attr[0].default_value.i = 1
    found, _ = imported(MetaGraph("m", meta.message))
    assert sorted(found.left_out) == ["y", "z"]
    with pytest.raises(
        NameNotFoundError, match=r"'z' was left out .* it needs 'y', which is Relu: its attribute 'told'"
    ):
        found.require("z:0")


def test_devices_and_shapes_that_contradict_todays_do_not_stop_the_import():
    meta = meta_of("x = Placeholder[dtype=float32, shape=[2]] @/job:ps/device:GPU:7\ny = Relu[T=float32](x)")
    node = meta.message.graph_def.node[1]
    node.attr["_output_shapes"].list.shape.add().dim.add(size=5)
    node.attr["_class"].list.s.append(b"loc:@gone")
    _, graph = imported(meta)
    assert run(graph, "y:0", {"x:0": [-1, 1]}).tolist() == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("golden", by_release(all_cases()))
def test_every_tensor_of_a_golden_case_keeps_its_name(golden):
    meta = read_meta_graph(f"{golden.prefix}.meta")
    then = from_graph_def(meta.graph_def)
    catalog = OpCatalog.of(then, meta.stripped_ops)
    found, graph = imported(meta)
    assert found.left_out == {}
    for node in then:
        types = [dtypes.base(number) for number in catalog.output_types(node)]
        now = [tensor.dtype.base_dtype.as_datatype_enum for tensor in graph.get_operation_by_name(node.name).outputs]
        assert len(now) >= len(types)  # a successor may have one more than an op that had none
        for port, (old, new) in enumerate(zip(types, now, strict=False)):
            assert new in (old, RESOURCE), (node.name, port)


# ---- what is left out


def test_what_cannot_run_is_left_out_with_all_that_depends_on_it_or_waits_for_it():
    found, graph = imported(meta_of(TRAINED))
    assert sorted(found.left_out) == ["lost", "train", "twice", "waiting"]
    assert {op.name for op in graph.get_operations()} >= {"x", "w", "w/read", "y"}
    (note,) = found.notes
    assert "'lost' (HorovodAlltoall" in note
    assert "4 nodes" in note


def test_asking_for_it_tells_what_is_in_the_way_and_what_to_do():
    found = importable(meta_of(TRAINED))
    with pytest.raises(NameNotFoundError) as caught:
        found.require("twice:0")
    assert "'twice' was left out of the graph, for it needs 'lost', which is HorovodAlltoall" in str(caught.value)
    assert "workers" in str(caught.value)
    with pytest.raises(NameNotFoundError, match="'lost' was left out of the graph, for it is HorovodAlltoall"):
        found.require("lost")
    found.require("y:0")


def test_a_loop_around_it_goes_as_a_whole():
    text = """
    x = Placeholder[dtype=float32, shape=[]]
    enter = Enter[T=float32, frame_name="f"](x)
    merge = Merge[T=float32, N=2](enter, next)
    limit = Const[dtype=float32, value=float32[](9.0)](^merge)
    less = Less[T=float32](merge, limit)
    cond = LoopCond(less)
    switch = Switch[T=float32](merge, cond)
    body = ThirdParty[T=float32](switch:1)
    next = NextIteration[T=float32](body)
    exit = Exit[T=float32](switch)
    """
    found, graph = imported(meta_of(text))
    assert {op.name for op in graph.get_operations()} == {"x", "enter"}
    assert "exit" in found.left_out


def test_a_call_of_a_function_with_such_an_op_is_left_out():
    meta = meta_of("x = Placeholder[dtype=float32]\ny = Outer(x)\nz = Relu[T=float32](x)")
    for name, op in (("Inner", "ThirdParty"), ("Outer", "Inner")):
        function = meta.message.graph_def.library.function.add()
        function.signature.name = name
        function.signature.input_arg.add(name="a", type=1)
        function.signature.output_arg.add(name="b", type=1)
        function.node_def.add(name="n", op=op, input=["a"])
        function.ret["b"] = "n:b:0"
    found, graph = imported(meta)
    assert list(found.left_out) == ["y"]
    assert run(graph, "z:0", {"x:0": -1.0}) == 0


# ---- what names what is not there


def test_collections_lose_what_is_not_there_and_keep_the_rest():
    meta = meta_of(TRAINED, train_op=["train", "waiting:0"], losses=["y:0", "never_there:0"])
    record = VariableDef(
        variable_name="w:0", initializer_name="w", snapshot_name="w/read:0", initial_value_name="gone:0"
    )
    meta.message.collection_def["variables"].bytes_list.value.append(record.SerializeToString())
    record.variable_name = "of_another_graph:0"
    meta.message.collection_def["variables"].bytes_list.value.append(record.SerializeToString())
    found, graph = imported(meta)
    assert [item.name for item in graph.get_collection("losses")] == ["y:0"]
    assert [item.name for item in graph.get_collection("variables")] == ["w:0"]
    assert graph.get_collection("train_op") == []
    assert len([note for note in found.notes if note.startswith("Left out, ")]) == 3


def test_a_queue_runner_or_condition_on_what_is_gone_goes():
    import tensorflow as tf
    from tensorflow.core.protobuf.control_flow_pb2 import CondContextDef
    from tensorflow.core.protobuf.queue_runner_pb2 import QueueRunnerDef

    graph = tf.Graph()
    with graph.as_default():
        queue = tf.queue.FIFOQueue(3, tf.float32, name="queue")
        tf.compat.v1.train.add_queue_runner(tf.compat.v1.train.QueueRunner(queue, [queue.enqueue(1.0)]))
        tf.constant(True, name="pred")
        message = tf.compat.v1.train.export_meta_graph()
    for name in ("queue", "gone"):
        text = QueueRunnerDef.FromString(message.collection_def["queue_runners"].bytes_list.value[0])
        text.enqueue_op_name[:] = [text.enqueue_op_name[0] if name == "queue" else "gone_enqueue"]
        message.collection_def["queue_runners"].bytes_list.value.append(text.SerializeToString())
        context = CondContextDef(context_name=name, pred_name="pred:0", pivot_name="pred:0")
        context.values_def.external_values["inside"] = "pred:0" if name == "queue" else "gone:0"
        message.collection_def["cond_context"].bytes_list.value.append(context.SerializeToString())
    found, graph = imported(MetaGraph("m", MetaGraphDef.FromString(message.SerializeToString())))
    assert len(graph.get_collection("queue_runners")) == 2
    assert len(graph.get_collection("cond_context")) == 1
    assert len(found.notes) == 2


def test_a_saver_whose_ops_are_not_there_is_none():
    meta = meta_of(TRAINED)
    saver = meta.message.saver_def
    saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name = "x:0", "y:0", "train"
    found = importable(meta)
    assert found.meta.saver_def is None
    assert any("saver" in note for note in found.notes)


@pytest.mark.parametrize(
    ("version", "settled", "notes"), [("0.12.head", "0.12", 1), ("", "1.0", 0), ("1.15.0-rc1", "1.15.0-rc1", 0)]
)
def test_a_version_that_tensorflow_cannot_parse_is_settled(version, settled, notes):
    found, _ = imported(meta_of("x = Placeholder[dtype=float32]", version=version))
    assert found.meta.tensorflow_version == settled
    assert len(found.notes) == notes


def test_the_meta_graph_that_was_given_is_not_changed():
    meta = meta_of(TRAINED, losses=["never_there:0"], version="0.12.head")
    before = meta.message.SerializeToString(deterministic=True)
    importable(meta)
    assert meta.message.SerializeToString(deterministic=True) == before


def test_odd_collections_of_a_real_release_can_be_imported():
    found, graph = imported(read_meta_graph(f"{case('1.15.5', 'odd_collections').prefix}.meta"))
    assert len(found.notes) == 2
    assert graph.get_collection("trainable_variables")
