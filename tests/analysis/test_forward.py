"""What is told apart without names: labels, losses, judges, and what is the model's own."""

import pytest

from compat_saver.analysis.serving.forward import divide
from compat_saver.analysis.serving.parts import Forward
from compat_saver.analysis.walk import nodes_in_branches, nodes_in_loops
from compat_saver.graph import parse_graph

REGRESSION = """
x = Placeholder[dtype=float32]
p = Placeholder[dtype=float32]
w = VariableV2[dtype=float32]
b = VariableV2[dtype=float32]
product = MatMul[T=float32](x, w)
answer = Add[T=float32](product, b)
difference = Sub[T=float32](answer, p)
square = Square[T=float32](difference)
axes = Const[dtype=int32, value=int32[2](0, 1)]
mean = Mean[T=float32, Tidx=int32](square, axes)
penalty = L2Loss[T=float32](w)
objective = Add[T=float32](mean, penalty)
"""


def divided(text: str, trainable=("w", "b", "v")) -> Forward:
    return divide(parse_graph(text, 26), trainable)


def names(nodes) -> set[str]:
    return {node.name for node in nodes}


def ends(parts: Forward) -> set[str]:
    """What the model computes last, and nothing of the loss."""
    return {node.name for node in parts.fed if parts.is_end(node) and parts.is_last(node)}


def test_a_label_is_what_no_layer_sees():
    parts = divided(REGRESSION)
    assert names(parts.labelled) == {"difference", "square", "mean", "objective"}
    assert names(parts.loss) == {"difference", "square", "mean", "objective"}
    assert names(parts.compared) == {"answer"}
    assert ends(parts) == {"answer"}


def test_what_a_later_layer_sees_is_no_label():
    text = REGRESSION.replace("(product, b)", "(scaled, b)") + "scaled = RealDiv[T=float32](product, keep)\n"
    assert ends(divided(text + "keep = Placeholder[dtype=float32]")) == {"answer"}


def test_what_no_average_follows_is_no_label():
    text = REGRESSION + "warm = RealDiv[T=float32](answer, temperature)\ntemperature = Placeholder[dtype=float32]"
    assert "warm" in ends(divided(text))


def test_what_a_prediction_needs_is_no_label():
    text = REGRESSION.replace("Sub[T=float32](answer,", "Sub[T=float32](scaled,")
    text += "scale = Placeholder[dtype=float32]\nscaled = Mul[T=float32](answer, scale)\n"
    assert ends(divided(text)) == {"answer"}
    assert ends(divided(text.replace("scaled", "prediction"))) == {"prediction"}


def test_an_autoencoder_has_no_labels_and_its_loss_is_what_leads_to_an_average():
    parts = divided(REGRESSION.replace("p = Placeholder[dtype=float32]\n", "").replace("(answer, p)", "(answer, x)"))
    assert names(parts.labelled) == set()
    assert names(parts.loss) == {"difference", "square", "mean", "objective"}
    assert ends(parts) == {"answer"}


def test_what_is_normalized_is_no_arithmetic_of_the_loss():
    text = REGRESSION.replace("Sub[T=float32](answer, p)", "Sub[T=float32](unit, unit)")
    text += "length = Rsqrt[T=float32](answer)\nunit = Mul[T=float32](answer, length)"
    assert "unit" in ends(divided(text))


def test_logarithms_and_what_is_made_for_them_are_the_loss():
    text = """
    x = Placeholder[dtype=float32]
    t = Placeholder[dtype=float32]
    w = VariableV2[dtype=float32]
    logits = MatMul[T=float32](x, w)
    answer = Softmax[T=float32](logits)
    small = Const[dtype=float32]
    clipped = Maximum[T=float32](answer, small)
    log = Log[T=float32](clipped)
    product = Mul[T=float32](t, log)
    axes = Const[dtype=int32, value=int32[1](0)]
    mean = Mean[T=float32, Tidx=int32](product, axes)
    """
    assert ends(divided(text)) == {"answer", "logits"}


@pytest.mark.parametrize("axes", ["Const[dtype=int32, value=int32[1](0)]", "Range[Tidx=int32](n, n, n)"])
def test_an_average_over_the_batch_is_one_value_for_it(axes):
    text = f"""
    x = Placeholder[dtype=float32]
    n = Const[dtype=int32]
    axes = {axes}
    mean = Mean[T=float32, Tidx=int32](x, axes)
    root = Sqrt[T=float32](mean)
    centered = Sub[T=float32](x, mean)
    """
    assert names(divided(text).whole_batch) == {"mean", "root"}


def test_the_statistics_of_a_batch_norm_are_no_loss():
    text = REGRESSION.replace("(product, b)", "(centered, b)") + "centered = Sub[T=float32](product, average)\n"
    text += "first = Const[dtype=int32, value=int32[1](0)]\naverage = Mean[T=float32, Tidx=int32](product, first)"
    parts = divided(text)
    assert "average" in names(parts.whole_batch)
    assert ends(parts) == {"answer"}


ADVERSARIAL = """
real = Placeholder[dtype=float32]
noise = Placeholder[dtype=float32]
w = VariableV2[dtype=float32]
v = VariableV2[dtype=float32]
made = MatMul[T=float32](noise, w)
picture = Tanh[T=float32](made)
of_real = MatMul[T=float32](real, v)
of_made = MatMul[T=float32](picture, v)
axes = Const[dtype=int32, value=int32[1](0)]
mean_real = Mean[T=float32, Tidx=int32](of_real, axes)
mean_made = Mean[T=float32, Tidx=int32](of_made, axes)
"""


def test_a_discriminator_is_a_loss():
    parts = divided(ADVERSARIAL)
    assert names(parts.loss) == {"of_real", "of_made", "mean_real", "mean_made"}
    assert ends(parts) == {"picture"}


def test_layers_that_are_applied_again_and_again_judge_nobody():
    recurrent = ADVERSARIAL.replace("(noise, w)", "(of_real, w)")
    assert "of_made" not in names(divided(recurrent).loss)
    cycle = ADVERSARIAL + "other = MatMul[T=float32](of_real, w)\nmean_other = Mean[T=float32, Tidx=int32](other, axes)"
    assert "of_made" not in names(divided(cycle).loss)


def test_a_network_that_no_optimizer_changes_is_no_part_of_what_was_learned():
    text = (
        REGRESSION
        + """
    y = Placeholder[dtype=float32]
    u = VariableV2[dtype=float32]
    target = MatMul[T=float32](y, u)
    rate = Const[dtype=float32]
    update_w = ApplyGradientDescent[T=float32](w, rate, rate)
    update_b = ApplyGradientDescent[T=float32](b, rate, rate)
    """
    )
    parts = divided(text, ("w", "b", "u"))
    assert names(parts.weights) == {"w", "b"}
    assert ends(parts) == {"answer"}


def test_without_variables_the_constants_were_learned():
    text = """
    x = Placeholder[dtype=float32]
    w = Const[dtype=float32, value=float32[2](1, 2)]
    half = Const[dtype=float32, value=float32[](0.5)]
    answer = Mul[T=float32](x, w)
    """
    assert names(divided(text, ()).weights) == {"w"}


def test_without_a_word_on_what_is_trainable_all_variables_but_slots_are():
    text = """
    w = VariableV2[dtype=float32]
    step = VariableV2[dtype=int64]
    w/Momentum = VariableV2[dtype=float32]
    rate = Const[dtype=float32]
    update = ApplyMomentum[T=float32](w, w/Momentum, rate, rate, rate)
    """
    assert names(divided(text, ()).weights) == {"w"}


def test_the_likelihood_of_a_chain_of_tags_is_a_loss():
    text = """
    x = Placeholder[dtype=float32]
    w = VariableV2[dtype=float32]
    transitions = VariableV2[dtype=float32]
    scores = MatMul[T=float32](x, w)
    chained = Add[T=float32](scores, transitions)
    decoded = Add[T=float32](scores, transitions)
    gradients/chained_grad/Sum = Sum[T=float32, Tidx=int32](chained, axes)
    axes = Const[dtype=int32]
    """
    assert ends(divided(text, ("w", "transitions"))) == {"decoded"}


def test_a_target_that_is_fed_to_a_decoder_is_told_of():
    text = (
        REGRESSION
        + """
    taught = MatMul[T=float32](p, w)
    xent = SoftmaxCrossEntropyWithLogits[T=float32](answer, p)
    """
    )
    assert "taught" in names(divided(text).given_labels)
    assert "answer" not in names(divided(text).given_labels)


def test_what_is_computed_from_a_gradient_is_none_of_the_model():
    text = REGRESSION + "gradients/g = Neg[T=float32](answer)\nclipped = Neg[T=float32](gradients/g)"
    assert "clipped" not in names(divided(text).fed)


COND = """
x = Placeholder[dtype=float32]
p = Placeholder[dtype=bool]
q = Placeholder[dtype=bool]
switch = Switch[T=float32](x, p)
inner = Switch[T=float32](switch, q)
inner_merge = Merge[N=2, T=float32](inner, inner:1)
again = Switch[T=float32](switch:1, p)
merge = Merge[N=2, T=float32](inner_merge, again:1)
after = Neg[T=float32](merge)
"""


def test_a_branch_reaches_from_switch_to_merge():
    graph = parse_graph(COND)
    assert names(nodes_in_branches(graph, nodes_in_loops(graph))) == {"switch", "inner", "inner_merge", "again"}
