"""What stands in the way: all of it, each with what can be done."""

import pytest

from compat_saver.analysis.obstacles import find_obstacles, is_pipeline, is_table, op_problem, unbound_placeholders
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.graph.ops import known_facts


def obstacles(text: str) -> list[str]:
    graph = parse_graph("x = Placeholder[dtype=float32]\n" + text, producer=134)
    return find_obstacles(graph, OpCatalog.of(graph))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a = AdjustHsvInYiq[T=float32](x, x, x, x)",
            [
                "no longer has the op AdjustHsvInYiq of tf.contrib.image",
                "TensorFlow 1.15",
                "'a'",
                "--outputs",
                "--inputs",
            ],
        ),
        ("a = QuantizedReluX[Tinput=qint8](x, x, x, x)", ["no CPU kernel for the op QuantizedReluX", "'a'"]),
        ("a = TheirOwnOp(x)", ["TheirOwnOp", "third party", "'a'"]),
        ("a = FIFOQueueV2[component_types={float32}]", ["input pipeline", "FIFOQueueV2", "'a'", "--inputs"]),
        ("a = IteratorGetNext[output_types={float32}, output_shapes={[1]}](x)", ["input pipeline", "IteratorGetNext"]),
        ("a = HashTableV2[key_dtype=string, value_dtype=float32]", ["lookup table", "HashTableV2", "--inputs"]),
        ('a = PyFunc[Tin={float32}, Tout={float32}, token="t"](x)', ["Python function", "PyFunc", "--inputs"]),
        ("a = BatchFFT(x)", ["BatchFFT", "no CPU kernel"]),
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
def test_one_sentence_per_obstacle(text, words):
    (found,) = obstacles(text)
    assert [word for word in words if word not in found] == [], found


def test_nodes_of_one_kind_share_a_sentence():
    (found,) = obstacles("\n".join(f"a{number} = TheirOwnOp(x)" for number in range(5)))
    assert "('a0', 'a1' and 3 more)" in found


def test_one_node_is_told_of_once():
    # A queue and a Python function that today's TensorFlow has no kernel for would be told of twice.
    text = "q = FIFOQueue[component_types={float32}]\nd = QueueDequeue[component_types={float32}](q)"
    found = obstacles(text)
    assert sum("'d'" in sentence for sentence in found) == 1
    assert sum("'q'" in sentence for sentence in found) == 1


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


def test_a_function_of_the_graph_is_no_unknown_op():
    graph = parse_graph("a = MyFunction(a)")
    assert find_obstacles(graph, OpCatalog.of(graph))
    from compat_saver.proto.messages import FunctionDef

    function = FunctionDef()
    function.signature.name = "MyFunction"
    graph.functions["MyFunction"] = function
    assert find_obstacles(graph, OpCatalog.of(graph)) == []


@pytest.mark.parametrize("op", ["MatMul", "VariableV2", "While", "StatelessIf", "TensorArrayV3", "LookupTableFindV2"])
def test_ops_of_today_are_no_problem(op):
    assert op_problem(op, known_facts()[op]) == ""


def test_pipelines_and_tables_go_by_their_ops():
    graph = parse_graph(
        "q = RandomShuffleQueueV2\ns = StagingArea\nt = LookupTableImportV2\nm = QueueOfMine\nx = MatMul"
    )
    assert [node.name for node in graph if is_pipeline(node)] == ["q"]
    assert [node.name for node in graph if is_table(node)] == ["t"]


def test_placeholders_that_nothing_gives():
    graph = parse_graph(
        "a = Placeholder[dtype=float32]\nb = Placeholder[dtype=bool]\nc = PlaceholderWithDefault[dtype=bool](b)"
    )
    assert unbound_placeholders(list(graph), {"a"}) == ["b"]
