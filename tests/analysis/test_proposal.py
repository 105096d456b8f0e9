"""What is proposed where nobody names an output."""

import pytest

import compat_saver
from compat_saver.analysis.serving.proposal import _Proposer, needed_placeholders, propose
from compat_saver.analysis.serving.signals import SIGNALS, Candidate
from compat_saver.analysis.serving.training import is_training
from compat_saver.analysis.walk import nodes_in_loops
from compat_saver.graph import OpCatalog, from_graph_def, parse_graph
from tests.golden_cases import Case, model_cases

X = "x = Placeholder[dtype=float32, shape=[?, 2]]\nw = VariableV2[dtype=float32, shape=[2, 2]]\n"


def ranked(text: str, trainable=("w",), producer=26) -> list[Candidate]:
    graph = parse_graph(X + text, producer)
    return _Proposer(graph, OpCatalog.of(graph), frozenset(trainable)).ranked()


def proposed(text: str, **facts) -> str:
    return ranked(text, **facts)[0].tensor


def test_an_input_that_is_only_renamed_or_rearranged_is_no_output():
    graph = "labels = Placeholder[dtype=float32]\nhead/labels = Squeeze[T=float32](labels)\ny = Neg[T=float32](x)"
    assert [item.tensor for item in ranked(graph)] == ["y:0"]


def test_trees_are_what_was_learned():
    graph = """
    trees = BoostedTreesEnsembleResourceHandleOp
    cuts = Bucketize[T=float32](x)
    found = BoostedTreesPredict[num_bucketized_features=1, logits_dimension=1](trees, cuts)
    """
    parsed = parse_graph(X.partition("\n")[0] + graph, 26)
    (head,) = propose(parsed, OpCatalog.of(parsed), ()).heads
    assert head.tensor == "found:0"


@pytest.mark.parametrize("case", model_cases(), ids=str)
def test_every_golden_graph_shows_one_of_its_outputs(case: Case):
    meta = compat_saver.read_meta_graph(case.prefix.with_name("model.ckpt.meta"))
    graph = from_graph_def(meta.graph_def)
    trainable = {record.name for record in meta.variables() if record.trainable}
    proposal = propose(graph, OpCatalog.of(graph, meta.stripped_ops), trainable)
    best, *others = (*proposal.heads, *proposal.others)
    if case.name == "name_collision":  # four answers without weights of their own; it trained the sum of two
        assert best.tensor == "add:0"
        return
    assert best.tensor in case.facts["outputs"]
    assert {item.tensor for item in proposal.heads} <= {*case.facts["outputs"]}
    assert all(best.score > other.score for other in others if other.tensor not in case.facts["outputs"])


PRODUCT = "product = MatMul[T=float32](x, w)\n"
LABELS = "labels = Placeholder[dtype=float32]\n"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("prediction = MatMul[T=float32](x, w)", "other = MatMul[T=float32](x, w)"),
        ("logits = MatMul[T=float32](x, w)", "other = MatMul[T=float32](x, w)"),
        ("out/MatMul = MatMul[T=float32](x, w)", "other/MatMul = MatMul[T=float32](x, w)"),
        ("price = MatMul[T=float32](x, w)", "MatMul = MatMul[T=float32](x, w)"),
        ("Softmax = Softmax[T=float32](product)", "Neg = Neg[T=float32](product)"),
        (
            "axis = Const[dtype=int32]\nArgMax = ArgMax[T=float32, Tidx=int32, output_type=int64](product, axis)",
            "Neg = Neg[T=float32](product)",
        ),
        ("a = MatMul[T=float32](x, w)", "b = Neg[T=float32](x)"),
        ("Relu = Relu[T=float32](MatMul)", "MatMul = MatMul[T=float32](x, w)"),
        ("a = Relu[T=float32](product)\nk = Sub[T=float32](a, labels)", "b = Relu[T=float32](product)"),
        ("a = MatMul[T=float32](x, w)", "accuracy = MatMul[T=float32](x, w)"),
        ("a = MatMul[T=float32](x, w)", "train/a = MatMul[T=float32](x, w)"),
        ("a = MatMul[T=float32](x, w)", "s = Sum[T=float32, Tidx=int32, _output_shapes={[]}](x, w)"),
        ("a = Neg[T=float32](x)", "y = Placeholder[dtype=float32]\nb = Sub[T=float32](x, y)"),
        ("a = Neg[T=float32](x)", "b = L2Loss[T=float32](x)"),
        ("a = MatMul[T=float32](x, w)", "m = MatMul[T=float32](x, w)\nb = Log[T=float32](m)"),
        ("b = Relu[T=float32](product)", "a = Exit[T=float32](product)"),
    ],
)
def test_each_signal_speaks(better, worse):
    names = [item.tensor for item in ranked(f"{PRODUCT}{LABELS}{worse}\n{better}")]
    good, bad = (
        next(name for line in reversed(text.splitlines()) if (name := f"{line.split()[0]}:0") != "k:0")
        for text in (better, worse)
    )
    assert names.index(good) < names.index(bad)


def test_candidates_say_why():
    (best, *_) = ranked("logits = MatMul[T=float32](x, w)")
    assert best == Candidate(
        "logits:0",
        12.0,
        (
            "is called logits",
            "was given a name",
            "depends on trained variables",
            "lies behind the last layer",
            "is computed last",
            "leads to nothing else",
        ),
    )
    assert set(best.signals) <= {name for name, _, _ in SIGNALS}


def test_an_equality_is_a_metric_only_between_classes():
    mask = "zero = Const[dtype=float32]\nmask = Equal[T=float32](x, zero)\nout = Select[T=float32](mask, x, x)"
    assert "is a part of the loss" not in ranked(mask)[0].signals
    accuracy = """
    axis = Const[dtype=int32]
    class = ArgMax[T=float32, Tidx=int32, output_type=int64](x, axis)
    same = Cast[SrcT=int64, DstT=int32](class)
    t = Placeholder[dtype=int32]
    right = Equal[T=int32](same, t)
    """
    (right,) = (item for item in ranked(accuracy) if item.tensor == "right:0")
    assert "is a part of the loss" in right.signals


SWISH = """
MatMul = MatMul[T=float32](x, w)
Sigmoid = Sigmoid[T=float32](MatMul)
mul = Mul[T=float32](MatMul, Sigmoid)
"""


def test_a_sigmoid_within_an_activation_is_no_head():
    assert proposed(SWISH) == "mul:0"
    assert proposed(SWISH + "v = VariableV2[dtype=float32]\nMatMul_1 = MatMul[T=float32](mul, v)") == "MatMul_1:0"


def test_of_the_names_of_a_value_the_one_that_was_given_is_proposed():
    text = (
        PRODUCT.replace("product", "MatMul")
        + "price = Identity[T=float32](MatMul)\nIdentity = Identity[T=float32](price)"
    )
    assert [item.tensor for item in ranked(text)] == ["price:0"]


HEADS = """
v = VariableV2[dtype=float32, shape=[2, 1]]
u = VariableV2[dtype=float32, shape=[2, 3]]
hidden = MatMul[T=float32](x, w)
MatMul = MatMul[T=float32](hidden, u)
value = MatMul[T=float32](hidden, v)
Softmax = Softmax[T=float32](MatMul)
"""


def outputs(text: str, trainable=("w", "u", "v")) -> tuple[str, ...]:
    graph = parse_graph(X + text, 26)
    return propose(graph, OpCatalog.of(graph), trainable).outputs


def test_heads_with_weights_of_their_own_are_kept_and_logits_stay():
    assert set(outputs(HEADS)) == {"Softmax:0", "value:0", "MatMul:0"}
    assert outputs(HEADS.replace("value =", "aux_value ="))[0] == "Softmax:0"
    assert "aux_value:0" not in outputs(HEADS.replace("value =", "aux_value ="))


def test_two_outputs_of_the_same_weights_are_one_head_unless_the_program_named_both():
    assert outputs(PRODUCT + "Tanh = Tanh[T=float32](product)\nTanh_1 = Tanh[T=float32](product)") == ("Tanh:0",)
    named = PRODUCT + "one = Tanh[T=float32](product)\ntwo = Tanh[T=float32](product)"
    assert outputs(named) == ("one:0", "two:0")


def test_an_answer_that_another_is_made_of_is_no_head_beside_it():
    assert outputs(
        "v = VariableV2[dtype=float32]\nfirst = MatMul[T=float32](x, w)\nlast = MatMul[T=float32](first, v)"
    ) == ("last:0",)


def test_logits_are_found_behind_what_only_rearranges_them():
    text = PRODUCT + "flat = Reshape[T=float32, Tshape=int32](product, s)\ns = Const[dtype=int32]\n"
    text = text.replace("flat", "Reshape") + "Softmax = Softmax[T=float32](Reshape)\n"
    assert outputs(text + "predictions = Reshape[T=float32, Tshape=int32](Softmax, s)") == (
        "predictions:0",
        "product:0",
    )


@pytest.mark.parametrize(
    "line",
    [
        "gradients/softmax = Softmax[T=float32](x)",
        "model/train_op/softmax = Softmax[T=float32](x)",
        "Adam/update_w/softmax = Softmax[T=float32](x)",
        "GradientDescent_1/softmax = Softmax[T=float32](x)",
        "norm/AssignMovingAvg/softmax = Softmax[T=float32](x)",
        "softmax = Assign[T=float32](w, x)",
        "softmax = ScalarSummary[T=float32](x, x)",
        "softmax = SoftmaxGrad(x)",
    ],
)
def test_training_is_no_candidate(line):
    assert [item.tensor for item in ranked(f"{line}\na = Neg[T=float32](x)")] == ["a:0"]
    assert is_training(parse_graph(X + line)[line.split()[0]])


@pytest.mark.parametrize(
    "line",
    [
        "softmax = Softmax[T=float32](w)",  # nothing is fed
        "softmax = TheirOwnOp(x)",
        "softmax = Placeholder[dtype=float32]",
        "softmax = HashTableV2[key_dtype=string, value_dtype=float32](^x)",
        "softmax = RefIdentity[T=float32](w, ^x)",
        "softmax = Softmax(x)",  # lacks its type
    ],
)
def test_what_gives_no_value_is_no_candidate(line):
    assert [item.tensor for item in ranked(f"{line}\na = Neg[T=float32](x)")] == ["a:0"]


def test_what_a_queue_delivers_is_fed_as_well():
    text = """
    queue = FIFOQueueV2[component_types={float32}]
    batch = QueueDequeueManyV2[component_types={float32}](queue, n)
    n = Const[dtype=int32]
    prediction = MatMul[T=float32](batch, w)
    """
    assert proposed(text) == "prediction:0"


LOOP = """
zero = Const[dtype=float32]
enter = Enter[T=float32, frame_name="outer"](x)
merge = Merge[N=2, T=float32](enter, next)
inner/enter = Enter[T=float32, frame_name="inner"](merge)
inner/softmax = Softmax[T=float32](inner/enter)
inner/exit = Exit[T=float32](inner/softmax)
condition = LoopCond(less)
less = Less[T=float32](merge, zero, ^merge)
switch = Switch[T=float32](merge, condition)
between = Softmax[T=float32](inner/exit)
next = NextIteration[T=float32](between)
in_the_loop = Const[dtype=float32](^switch)
exit = Exit[T=float32](switch)
prediction = Identity[T=float32](exit)
"""


def test_no_value_of_an_iteration_is_a_candidate():
    assert proposed(LOOP) == "prediction:0"
    assert [item.tensor for item in ranked(LOOP)] == ["prediction:0"]


def test_a_loop_reaches_from_enter_to_exit():
    inside = {node.name for node in nodes_in_loops(parse_graph(X + LOOP))}
    outside = {"x", "w", "zero", "exit", "prediction"}
    assert inside == {node.name for node in parse_graph(X + LOOP)} - outside


def test_a_loop_that_never_ends_is_survived():
    graph = parse_graph('a = Enter[T=float32, frame_name="f"](b)\nb = Enter[T=float32, frame_name="g"](a)')
    assert len(nodes_in_loops(graph)) == 2


def test_the_placeholders_that_must_be_fed():
    graph = parse_graph(X + "d = PlaceholderWithDefault[dtype=float32](w)\nb = PlaceholderV2[dtype=float32, shape=[1]]")
    assert [node.name for node in needed_placeholders(graph)] == ["b", "x"]


def test_what_only_orders_a_branch_is_no_end_that_could_do_without_y():
    text = """
    y = Placeholder[dtype=float32, shape=[?]]
    is_on = Placeholder[dtype=bool, shape=[]]
    switch = Switch[T=float32](y, is_on)
    decision = Switch[T=bool](is_on, is_on)
    pivot = Identity[T=bool](decision:1)
    one = Const[dtype=float32, value=float32[](1.0)](^pivot)
    more = Add[T=float32](switch:1, one)
    merge = Merge[N=2, T=float32](switch, more)
    """
    graph = parse_graph(text, 26)
    assert propose(graph, OpCatalog.of(graph), frozenset()).outputs == ("merge:0",)


def test_a_graph_without_trainable_variables():
    assert proposed("y_hat = MatMul[T=float32](x, w)", trainable=()) == "y_hat:0"
