"""What stands in the way: all of it, each with what can be done."""

import pytest

from compat_saver.analysis.ops.obstacles import obstacles_among
from compat_saver.analysis.ops.triage import triage
from compat_saver.analysis.ops.unsupported_ops import is_pipeline
from compat_saver.graph import OpCatalog, parse_graph


def obstacles(text: str) -> list[str]:
    graph = parse_graph("x = Placeholder[dtype=float32]\n" + text, producer=134)
    return obstacles_among(triage(graph, OpCatalog.of(graph), []).rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a = SingleImageRandomDotStereograms[T=float32](x)",
            [
                "SingleImageRandomDotStereograms ('a'): ",
                "gone since TensorFlow 2.0; it was in tf.contrib.image",
                "--outputs",
            ],
        ),
        ("a = QuantizedReluX[Tinput=qint8](x, x, x, x)", ["QuantizedReluX ('a'): ", "without a CPU kernel"]),
        ("a = BoostedTreesPredict[num_bucketized_features=1](x, x)", ["without a CPU kernel in TensorFlow since 2.9"]),
        ("a = TheirOwnOp(x)", ["TheirOwnOp ('a'): ", "a third party", "Ask the author"]),
        ("a = FIFOQueueV2[component_types={float32}]", ["FIFOQueueV2 ('a'): ", "input pipeline", "--outputs"]),
        ("a = IteratorGetNext[output_types={float32}, output_shapes={[1]}](x)", ["input pipeline", "IteratorGetNext"]),
        ("a = MatMul[T=float16](x, x)", ["takes float16 where 'x:0' is float32", "No TensorFlow loads it"]),
        ('a = PyFunc[Tin={float32}, Tout={float32}, token="t"](x)', ["Python function", "PyFunc", "--outputs"]),
        ("a = MatMul[T=float32, surprise=true](x, x)", ["MatMul", "'surprise'", "not the default"]),
        (
            "w = VariableV2[dtype=float32]\na = NegTrain[num_negative_samples=1, vocab_count={1}](w, w, x, x, x)",
            ["NegTrain", "'a'", "older than GraphDef version 19"],
        ),
        (
            'w = VariableV2[dtype=float32]\na = DestroyTemporaryVariable[T=float32, var_name="t"](w)',
            ["DestroyTemporaryVariable", "'a'", "no resource form"],
        ),
    ],
)
def test_one_line_per_obstacle(text, words):
    (found,) = obstacles(text)
    assert [word for word in words if word not in found] == [], found


def test_nodes_of_one_kind_share_a_line():
    (found,) = obstacles("\n".join(f"a{number} = TheirOwnOp(x)" for number in range(5)))
    assert "('a0', 'a1' and 3 more)" in found


def test_ops_with_the_same_reason_share_a_line():
    (found,) = obstacles("q = FIFOQueueV2[component_types={float32}]\nd = QueueDequeueV2[component_types={float32}](q)")
    assert found.startswith("FIFOQueueV2, QueueDequeueV2 ('q', 'd'): ")


def test_the_line_ends_with_the_tensors_to_feed():
    (found,) = obstacles(
        """
        q = FIFOQueueV2[component_types={float32, int64}]
        d = QueueDequeueV2[component_types={float32, int64}](q)
        y = Neg[T=float32](d)
        z = Neg[T=int64](d:1)
        """
    )
    assert found.endswith("Take its output as an input instead: --inputs d:0,d:1")


@pytest.mark.parametrize(
    "text",
    [
        "a = MatMul[T=float32, transpose_a=false](x, x)",
        "a = AccumulateNV2[N=2, T=float32, shape=[?]](x, x)",  # no kernel, and none is needed
        'a = MatMul[T=float32, _class={"loc:@x"}, _their_mark=true](x, x)',
        "w = VariableV2[dtype=float32]\na = AssignAdd[T=float32](w, x)",
    ],
)
def test_no_obstacle(text):
    assert obstacles(text) == []


def test_pipelines_go_by_their_ops():
    graph = parse_graph("q = RandomShuffleQueueV2\ns = StagingArea\nm = QueueOfMine\nx = MatMul")
    assert [node.name for node in graph if is_pipeline(node)] == ["q"]
