"""Every node has one fate, and every row tells what there is to know of it."""

import pytest

from compat_saver.analysis.ops.triage import DROPPED, FINE, REWRITTEN, UNSUPPORTED, OpRow, Triage, triage
from compat_saver.analysis.ops.unsupported_ops import loss_of, origin_of, runs_in_a_session
from compat_saver.graph import Graph, OpCatalog, parse_graph
from compat_saver.graph.op_notes import advice_for, known_advice
from compat_saver.graph.ops import known_facts
from compat_saver.proto.messages import FunctionDef

GRAPH = """
x = Placeholder[dtype=float32]
w = VariableV2[dtype=float32]
w/read = Identity[T=float32](w)
h = MatMul[T=float32](x, w/read)
copy = Identity[T=float32](h)
values = TopK[T=float32, k=1](copy)
gone = SingleImageRandomDotStereograms[T=float32](values)
y = Cast[SrcT=uint8, DstT=float32](gone)
step = Const[dtype=float32, value=float32[](0.5)]
train = ApplyGradientDescent[T=float32](w, step, h)
other = SingleImageRandomDotStereograms[T=float32](h)
reader = MatMul[T=float32](w, x)
"""


def sort(graph: Graph, outputs: str = "", inputs: str = "") -> Triage:
    return triage(
        graph, OpCatalog.of(graph), *([graph.value(name) for name in item.split()] for item in (outputs, inputs))
    )


def fates(found: Triage) -> dict[tuple[str, str], int]:
    return {(row.op, row.verdict): row.count for row in found.rows}


def row_of(found: Triage, op: str, verdict: str) -> OpRow:
    (row,) = (row for row in found.rows if (row.op, row.verdict) == (op, verdict))
    return row


def test_every_node_is_in_one_row():
    found = sort(parse_graph(GRAPH), "y")
    assert fates(found) == {
        ("ApplyGradientDescent", DROPPED): 1,
        ("Const", DROPPED): 1,
        ("Identity", FINE): 1,
        ("Identity", REWRITTEN): 1,
        ("MatMul", FINE): 1,
        ("MatMul", DROPPED): 1,
        ("Cast", FINE): 1,
        ("Placeholder", FINE): 1,
        ("SingleImageRandomDotStereograms", UNSUPPORTED): 1,
        ("SingleImageRandomDotStereograms", DROPPED): 1,
        ("TopK", REWRITTEN): 1,
        ("VariableV2", REWRITTEN): 1,
    }
    assert [row.needed for row in found.rows] == [row.verdict != DROPPED for row in found.rows]


def test_a_rewritten_op_says_what_it_becomes_and_how_close():
    found = sort(parse_graph(GRAPH), "y")
    row = row_of(found, "TopK", REWRITTEN)
    assert (row.becomes, row.agreement, row.nodes) == ("TopKV2", "exactly equal", ("values",))
    assert row_of(found, "VariableV2", REWRITTEN).becomes == "VarHandleOp"
    assert row_of(found, "Identity", REWRITTEN).becomes == "ReadVariableOp"
    everything = sort(parse_graph(GRAPH))
    assert row_of(everything, "ApplyGradientDescent", REWRITTEN).becomes == "ResourceApplyGradientDescent"


def test_an_op_in_the_way_says_where_it_came_from_since_when_and_what_to_do():
    row = row_of(sort(parse_graph(GRAPH), "y"), "SingleImageRandomDotStereograms", UNSUPPORTED)
    assert (row.origin, row.since, row.nodes) == ("tf.contrib.image", "2.0", ("gone",))
    assert row.advice.endswith("--inputs gone:0")


def test_a_dropped_op_says_what_would_be_in_the_way():
    found = sort(parse_graph(GRAPH), "y")
    row = row_of(found, "SingleImageRandomDotStereograms", DROPPED)
    assert (row.since, row.advice, row.needed) == ("2.0", "", False)
    assert row_of(found, "MatMul", DROPPED).reason == ""


def test_what_lies_behind_an_input_is_not_needed():
    found = sort(parse_graph(GRAPH), "y", "gone")
    assert row_of(found, "Cast", FINE).count == 1
    assert {row.op for row in found.rows if row.needed} == {"Cast"}


def test_without_outputs_everything_is_needed():
    assert all(row.needed for row in sort(parse_graph(GRAPH)).rows)


# ---- the way around


def test_the_way_around_ends_at_the_first_obstacles_and_names_placeholders():
    text = """
    a = Placeholder[dtype=float32]
    b = Placeholder[dtype=float32]
    first = TheirOwnOp(a)
    between = Neg[T=float32](first)
    p = PyFunc[Tin={float32}, Tout={float32}, token="t"](between)
    y = Add[T=float32](p, b)
    """
    assert sort(parse_graph(text), "y").around == "--inputs p:0,b:0 --outputs y:0"


@pytest.mark.parametrize(
    "text",
    [
        "y = Neg[T=float32](x)",  # nothing is in the way
        "y = TheirOwnOp(x)",  # it is the output
        "a = TheirOwnOp(x)\ny = Neg[T=float32](a)",  # nobody knows the type of what it computes
        'a = PyFunc[Tin={float32}, Tout={float32}, token="t"](x)\ny = Neg[T=float32](x, ^a)',  # only its effect counts
        'a = PyFunc[Tin={float32}, Tout={resource}, token="t"](x)\ny = ReadVariableOp[dtype=float32](a)',  # no value
    ],
)
def test_there_is_no_way_around(text):
    assert sort(parse_graph("x = Placeholder[dtype=float32]\n" + text), "y").around == ""


def test_what_is_in_a_loop_cannot_be_fed():
    text = """
    x = Placeholder[dtype=float32]
    in = Enter[T=float32, frame_name="f"](x)
    p = PyFunc[Tin={float32}, Tout={float32}, token="t"](in)
    n = Neg[T=float32](p)
    y = Exit[T=float32](n)
    """
    found = sort(parse_graph(text), "y")
    assert found.around == ""
    assert row_of(found, "PyFunc", UNSUPPORTED).advice == "Choose outputs that do not need it with --outputs."


# ---- functions


def with_function(body: str, *, reads: str = "x", definition: str = "Neg") -> Graph:
    graph = parse_graph("x = Placeholder[dtype=float32]\ny = Mine(x)\nz = Neg[T=float32](y)\nn = Neg[T=float32](x)")
    function = FunctionDef()
    function.signature.name = "Mine"
    function.signature.input_arg.add(name="x", type=1)
    function.signature.output_arg.add(name="out", type=1)
    function.node_def.add(name="inner", op=body, input=[reads]).attr["T"].type = 1
    function.ret["out"] = "inner:y:0" if body == "Neg" else "inner:output:0"
    graph.functions["Mine"] = function
    return graph


def test_a_called_body_counts():
    found = sort(with_function("Neg"), "z")
    assert row_of(found, "Neg", FINE).count == 2
    assert row_of(found, "Mine", REWRITTEN).becomes == "PartitionedCall"
    assert row_of(found, "Mine", REWRITTEN).origin == "a function of the graph itself"


def test_a_body_that_nobody_calls_is_dropped():
    found = sort(with_function("Neg"), "n")
    assert (row_of(found, "Neg", FINE).count, row_of(found, "Neg", DROPPED).count) == (1, 2)


@pytest.mark.parametrize("op", ["SingleImageRandomDotStereograms", "TheirOwnOp"])
def test_an_obstacle_in_a_body_is_one_whether_it_can_be_read_or_not(op):
    row = row_of(sort(with_function(op), "z"), op, UNSUPPORTED)
    assert row.nodes == ("Mine/inner",)


def test_a_call_is_gone_around_as_a_whole():
    graph = with_function("SingleImageRandomDotStereograms")
    catalog = OpCatalog.of(graph)
    found = triage(graph, catalog, [graph.value("z")])
    assert found.around == "--inputs y:0 --outputs z:0"


# ---- facts


@pytest.mark.parametrize("op", ["MatMul", "VariableV2", "While", "StatelessIf", "TensorArrayV3", "LookupTableFindV2"])
def test_ops_of_today_are_not_lost(op):
    assert loss_of(op) is None
    assert runs_in_a_session(op)


def test_a_deprecated_op_runs_in_a_session_only():
    assert loss_of("BatchMatrixDiag") is not None
    assert runs_in_a_session("BatchMatrixDiag")


def test_since_when_is_known_of_every_op_that_is_gone():
    assert not [name for name, facts in known_facts().items() if not facts.registered_today and not facts.gone_since]


@pytest.mark.parametrize("item", known_advice(), ids=lambda item: item.patterns[0])
def test_advice_is_a_sentence_and_reaches_an_op(item):
    assert item.advice.endswith(".")
    for pattern in item.patterns:
        op = pattern.replace("*", "Something")
        assert advice_for(op) == item or any(known in pattern for known in "*?[")
        facts = known_facts().get(op)
        # Where TensorFlow had the op, its own facts say where it came from.
        assert facts is None or not item.origin
        assert facts is None or loss_of(op) is not None


def test_origins():
    assert origin_of("MatMul") == "TensorFlow"
    assert origin_of("HardRoutingFunction") == "tf.contrib.tensor_forest.hybrid"
    assert origin_of("TheirOwnOp") == "a third party"
    assert origin_of("HorovodBroadcast") == "Horovod"


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("HorovodBroadcast", "workers of a training"),
        ("Addons>Correlation", "tensorflow-addons"),
        ("CudnnRNNV3", "CudnnCompatibleLSTMCell"),
        ("RecvTPUEmbeddingActivations", "TPUs only"),
        ("GradientTreesPrediction", "TensorFlow 1.15 has it."),
    ],
)
def test_advice_for_single_ops(op, words):
    assert words in loss_of(op).advice
