"""Training steps: what a program runs to train, found without a word of it in the file."""

import pytest

from compat_saver.analysis.training_steps import TrainingSteps
from compat_saver.errors import NameNotFoundError
from compat_saver.graph import OpCatalog, from_graph_def, parse_graph
from compat_saver.proto.meta_graph import read_meta_graph
from tests.golden_cases import case

LOSS = """
x = Placeholder[dtype=float32, shape=[?, 2]]
w = VariableV2[dtype=float32, shape=[2, 2]]
w/init = Const[dtype=float32, value=float32[2,2](1.0, 2.0, 3.0, 4.0)]
w/Assign = Assign[T=float32](w, w/init)
w/read = Identity[T=float32](w)
product = MatMul[T=float32](x, w/read)
axes = Const[dtype=int32, value=int32[2](0, 1)]
loss = Sum[T=float32, Tidx=int32](product, axes)
gradients/Shape = Const[dtype=int32, value=int32[0]()]
gradients/grad_ys_0 = Const[dtype=float32, value=float32[](1.0)]
gradients/Fill = Fill[T=float32](gradients/Shape, gradients/grad_ys_0)
gradients/loss_grad/Shape = Const[dtype=int32, value=int32[2](1, 1)]
gradients/loss_grad/Reshape = Reshape[T=float32](gradients/Fill, gradients/loss_grad/Shape)
gradients/product_grad/MatMul = MatMul[T=float32, transpose_a=true](x, gradients/loss_grad/Reshape)
rate = Const[dtype=float32, value=float32[](0.1)]
"""
STEP = """
step = VariableV2[dtype=int64, shape=[]]
one = Const[dtype=int64, value=int64[](1)]
update_w/Descent = ApplyGradientDescent[T=float32](w, rate, gradients/product_grad/MatMul)
update = NoOp(^update_w/Descent)
Descent = AssignAdd[T=int64](step, one, ^update)
"""
BY_HAND = """
scaled = Mul[T=float32](rate, gradients/product_grad/MatMul)
next = Sub[T=float32](w/read, scaled)
AssignWeight = Assign[T=float32](w, next)
train = NoOp(^AssignWeight)
"""


def _steps(text, collected=()):
    graph = parse_graph(text, 26)
    return TrainingSteps(graph, OpCatalog.of(graph)).find(collected)


def test_an_optimizer_is_found_with_its_loss_and_counter():
    (step,) = _steps(LOSS + STEP)
    assert (step.op, step.losses, step.updates) == ("Descent", ("loss:0",), ("w", "step"))
    assert (step.counters, step.changes) == (("step",), ("update_w/Descent", "Descent"))


def test_an_assignment_of_what_is_computed_from_a_gradient_trains():
    (step,) = _steps(LOSS + BY_HAND)
    assert (step.op, step.losses, step.updates) == ("train", ("loss:0",), ("w",))


@pytest.mark.parametrize("text", [LOSS, LOSS + "copy = AssignAdd[T=float32](w, w/init)\ngroup = NoOp(^copy)\n"])
def test_initializers_and_updates_without_gradients_are_no_steps(text):
    assert _steps(text) == []


def test_what_waits_for_an_optimizer_belongs_to_its_step():
    average = """
    average = VariableV2[dtype=float32, shape=[2, 2]]
    change = AssignSub[T=float32](average, w/read, ^Descent)
    train = NoOp(^change)
    """
    (step,) = _steps(LOSS + STEP + average, ["Descent"])
    assert (step.op, step.updates) == ("train", ("w", "step", "average"))


def test_of_several_ops_behind_the_same_updates_the_one_that_changes_most_is_the_step():
    others = "shown = Identity[T=float32](loss, ^update)\nagain = Identity[T=float32](loss, ^Descent)\n"
    (step,) = _steps(LOSS + STEP + others)
    assert step.op == "again"


def test_steps_that_share_variables_are_steps_of_their_own():
    other = "negative = ApplyGradientDescent[T=float32](w, rate, product)\nOther = NoOp(^negative)\n"
    assert [(step.op, step.losses) for step in _steps(LOSS + STEP + other)] == [
        ("Descent", ("loss:0",)),
        ("Other", ()),
    ]


def test_an_op_of_the_collection_counts_where_no_other_includes_it():
    zero = "reset = Assign[T=float32](w, w/init)\nclear = NoOp(^reset)\n"
    found = _steps(LOSS + STEP + zero, ["clear", "update", "gone:0", "x"])
    assert [step.op for step in found] == ["Descent", "clear"]


def test_the_gradient_of_a_penalty_within_a_loss_has_no_loss_of_its_own():
    penalty = """
    inner/Shape = Const[dtype=int32, value=int32[0]()]
    inner/one = Const[dtype=float32, value=float32[](1.0)]
    inner/Fill = Fill[T=float32](inner/Shape, inner/one)
    inner/product_grad/MatMul = MatMul[T=float32](inner/Fill, w/read)
    loss = Sum[T=float32, Tidx=int32](inner/product_grad/MatMul, axes)
    """
    text = LOSS.replace("loss = Sum[T=float32, Tidx=int32](product, axes)", penalty)
    (step,) = _steps(text + STEP)
    assert step.losses == ("loss:0",)


def test_the_loss_may_be_a_sum_whose_gradient_adds_no_op():
    terms = """
        other = Sum[T=float32, Tidx=int32](w/read, axes)
        half = AddV2[T=float32](other, loss)
        total = AddN[N=2, T=float32](half, loss)
        log = AddV2[T=float32](total, half)
        gradients/other_grad/Reshape = Reshape[T=float32](gradients/Fill, gradients/loss_grad/Shape)
    """
    (step,) = _steps(LOSS + terms + STEP)
    assert step.losses == ("half:0",)


def test_any_op_can_be_asked_for():
    graph = parse_graph(LOSS + STEP, 26)
    steps = TrainingSteps(graph, OpCatalog.of(graph))
    assert steps.step("w/Assign").updates == ("w",)
    assert steps.step("product").updates == ()
    with pytest.raises(NameNotFoundError, match="Descent"):
        steps.step("descent")


@pytest.mark.parametrize("release", ["0.12.1", "1.0.1", "1.4.1", "1.8.0", "1.12.3", "1.15.5"])
@pytest.mark.parametrize(
    ("name", "op", "loss", "count"),
    [("dense_adam", "Adam", "loss/Mean:0", 15), ("multi_head", "Adam", "sub_1:0", 26)],
)
def test_in_what_every_release_wrote(release, name, op, loss, count):
    meta = read_meta_graph(f"{case(release, name).prefix}.meta")
    graph = from_graph_def(meta.graph_def)
    (step,) = TrainingSteps(graph, OpCatalog.of(graph, meta.stripped_ops)).find()
    assert (step.op, step.losses, len(step.updates)) == (op, (loss,), count)
