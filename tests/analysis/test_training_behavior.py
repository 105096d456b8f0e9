"""Training behavior is found by what a graph computes, and what may be meant to stay is left alone."""

import numpy as np
import pytest

from compat_saver.analysis.training_behavior import Finding, Served, find_training_behavior
from compat_saver.graph import Graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.inference.edits import ApplyEdits
from compat_saver.passes.structure.removals import Prune

X = "x = Placeholder[dtype=float32, shape=[?,4]]\n"
DRAWN = "shape = Shape(x)\nu = RandomUniform[dtype=float32](shape)\n"
BATCH_NORM = """
x = Placeholder[dtype=float32, shape=[?,4]]
axes = Const[dtype=int32, value=int32[1](0)]
mean = Mean[keep_dims=true, T=float32](x, axes)
flat = Squeeze[T=float32](mean)
centered = Sub[T=float32](x, flat)
y = Relu(centered)
average = VariableV2[dtype=float32, shape=[4]]
average/read = Identity(average)
decay = Const[dtype=float32, value=float32[](0.1)]
difference = Sub[T=float32](average/read, flat)
step = Mul[T=float32](difference, decay)
update = AssignSub(average, step)
"""


def find(text: str, stored: dict | None = None, output: str = "y") -> tuple[Graph, tuple[Finding, ...]]:
    graph = parse_graph(text)
    served = Served(graph, [graph.value(output)], [graph.value("x")])
    values = stored or {}
    return graph, find_training_behavior(served, lambda node: values.get(node.name), ())


def turned(text: str, stored: dict | None = None) -> tuple[Graph, tuple[Finding, ...]]:
    """Returns what is left of a graph after the edits."""
    graph, findings = find(text, stored)
    run_passes([ApplyEdits([edit for item in findings for edit in item.edits]), Prune(["y"])], graph)
    return graph, findings


@pytest.mark.parametrize(
    "lines",
    [
        # tf.nn.dropout of 0.12 to 1.12: floor(keep + u), x / keep
        """
        keep = Const[dtype=float32, value=float32[](0.8)]
        sum = Add(keep, u)
        mask = Floor(sum)
        scaled = RealDiv(x, keep)
        y = Mul[T=float32](scaled, mask)
        """,
        # since 1.13: u >= rate, x * (1 / (1 - rate))
        """
        rate = Const[dtype=float32, value=float32[](0.2)]
        one = Const[dtype=float32, value=float32[](1.0)]
        keep = Sub(one, rate)
        scale = RealDiv(one, keep)
        mask = GreaterEqual(u, rate)
        cast = Cast(mask)
        scaled = Mul(x, scale)
        y = Mul[T=float32](scaled, cast)
        """,
        # by hand: the mask is scaled
        """
        keep = Const[dtype=float32, value=float32[](0.8)]
        mask = Less(u, keep)
        cast = Cast(mask)
        scaled = RealDiv(cast, keep)
        y = Mul[T=float32](x, scaled)
        """,
        # the product is scaled
        """
        keep = Const[dtype=float32, value=float32[](0.8)]
        mask = Less(u, keep)
        cast = Cast(mask)
        product = Mul[T=float32](cast, x)
        y = RealDiv[T=float32](product, keep)
        """,
        # the scale was computed in Python
        """
        keep = Const[dtype=float32, value=float32[](0.8)]
        scale = Const[dtype=float32, value=float32[](1.25)]
        mask = Less(u, keep)
        scaled = Mul(x, scale)
        zeros = ZerosLike(scaled)
        y = Select[T=float32](mask, scaled, zeros)
        """,
    ],
)
def test_a_dropout_becomes_an_identity(lines):
    graph, (finding,) = turned(X + DRAWN + lines)
    assert (finding.what, finding.became) == ("dropout", "identity")
    assert {node.op for node in graph} == {"Placeholder", "Identity"}
    assert graph["y"].inputs[0].node.name == "x"


def test_a_mask_without_a_scale_becomes_its_expected_value():
    graph, (finding,) = turned(
        X + DRAWN + "keep = Const[dtype=float32, value=float32[](0.8)]\nsum = Add(keep, u)\nmask = Floor(sum)\n"
        "y = Mul[T=float32](x, mask)"
    )
    assert (finding.what, finding.confidence) == ("random mask", "likely")
    assert "0.8" in finding.became
    assert {node.op for node in graph} == {"Placeholder", "Const", "Mul", "Identity"}


def test_a_choice_without_a_scale_becomes_its_expected_value():
    text = "keep = Const[dtype=float32, value=float32[](0.8)]\nmask = Less(u, keep)\nzeros = ZerosLike(x)\n"
    graph, (finding,) = turned(X + DRAWN + text + "y = Select[T=float32](mask, x, zeros)")
    assert finding.what == "random mask"
    assert {node.op for node in graph} == {"Placeholder", "Const", "Mul", "Identity"}


COMPUTED_KEEP = """
    step = VariableV2[dtype=float32, shape=[]]
    step/read = Identity(step)
    wave = Cos(step/read)
    half = Const[dtype=float32, value=float32[](0.5)]
    keep = Mul(half, wave)
    mask = Less(u, keep)
    cast = Cast(mask)
    """


def test_a_dropout_by_a_computed_rate_becomes_an_identity():
    text = X + DRAWN + COMPUTED_KEEP + "scaled = RealDiv(x, keep)\ny = Mul[T=float32](scaled, cast)"
    graph, (finding,) = turned(text)
    assert (finding.what, finding.became) == ("dropout", "identity")
    assert {node.op for node in graph} == {"Placeholder", "Identity"}


def test_a_mask_of_a_computed_probability_without_a_scale_stays():
    _, findings = find(X + DRAWN + COMPUTED_KEEP + "y = Mul[T=float32](x, cast)")
    assert findings == ()


def test_a_threshold_that_is_computed_is_no_dropout():
    _, findings = find(
        X + DRAWN + "keep = Mean[T=float32](x)\nmask = Less(u, keep)\ncast = Cast(mask)\ny = Mul[T=float32](x, cast)"
    )
    assert findings == ()


def test_a_statistic_reads_its_moving_average():
    graph, (finding,) = turned(BATCH_NORM, {"average": np.array([1.0, 2.0, 3.0, 4.0])})
    assert (finding.what, finding.became, finding.variables) == ("batch norm", "moving averages", ("average",))
    assert not {"Mean", "Squeeze", "AssignSub"} & {node.op for node in graph}
    assert graph["centered"].inputs[1].node.inputs[0].node.name == "average"


@pytest.mark.parametrize(
    ("stored", "reason"),
    [({}, "not in the checkpoint"), ({"average": np.zeros(4)}, "never updated"), ({"average": np.ones(4)}, "never")],
)
def test_a_statistic_without_a_trained_average_stays(stored, reason):
    graph, (finding,) = turned(BATCH_NORM, stored)
    assert reason in finding.reason
    assert finding.edits == ()
    assert "mean" in graph


def test_an_average_that_nothing_reads_is_no_statistic_of_the_output():
    text = BATCH_NORM.replace("Sub[T=float32](x, flat)", "Sub[T=float32](x, x)")
    assert find(text, {"average": np.array([1.0])})[1] == ()


def test_a_fused_norm_takes_what_its_outputs_update():
    text = """
    x = Placeholder[dtype=float32, shape=[?,2,2,4]]
    scale = Const[dtype=float32, value=float32[1](1.0)]
    none = Const[dtype=float32, value=float32[0]()]
    y = FusedBatchNorm[T=float32, is_training=true](x, scale, scale, none, none)
    m = VariableV2[dtype=float32, shape=[4]]
    v = VariableV2[dtype=float32, shape=[4]]
    m/read = Identity(m)
    v/read = Identity(v)
    dm = Sub(m/read, y:1)
    dv = Sub(v/read, y:2)
    um = AssignSub(m, dm)
    uv = AssignSub(v, dv)
    """
    graph, (finding,) = turned(text, {"m": np.array([1.0, 2.0]), "v": np.array([1.0, 2.0])})
    assert finding.variables == ("m", "v")
    assert not graph["y"].attr.bool("is_training")
    assert [value.node.inputs[0].node.name for value in graph["y"].inputs[3:]] == ["m", "v"]


@pytest.mark.parametrize("wait", ["", ", ^update"])
def test_nothing_waits_for_an_update_that_the_output_does_not_need(wait):
    graph, findings = turned(
        X + "step = VariableV2[dtype=float32, shape=[]]\none = Const[dtype=float32, value=float32[](1.0)]\n"
        f"update = AssignAdd(step, one)\ny = Identity[T=float32](x{wait})"
    )
    assert [item.what for item in findings] == ["variable update"] * bool(wait)
    assert "update" not in graph


def test_a_counter_in_the_output_stays():
    _, findings = find(
        X + "count = VariableV2[dtype=float32, shape=[]]\none = Const[dtype=float32, value=float32[](1.0)]\n"
        "update = AssignAdd(count, one)\ny = Add[T=float32](x, update)"
    )
    assert findings == ()


def test_the_state_of_a_recurrent_network_stays():
    """It is read and depends on the input: what waits for its update still does."""
    text = (
        X + "state = VariableV2[dtype=float32, shape=[4]]\nread = Identity(state)\nnew = Add[T=float32](read, x)\n"
        "update = Assign(state, new)\ny = Identity[T=float32](new, ^update)"
    )
    graph, findings = turned(text)
    assert findings == ()
    assert "update" in graph


def test_noise_on_data_goes_and_the_noise_that_a_generator_starts_from_stays():
    noisy = "n = RandomStandardNormal[dtype=float32](shape)\ndeviation = Const[dtype=float32, value=float32[](0.3)]\n"
    graph, (finding,) = turned(
        X + "shape = Shape(x)\n" + noisy + "noise = Mul[T=float32](n, deviation)\ny = Add[T=float32](x, noise)"
    )
    assert finding.what == "random noise"
    assert {node.op for node in graph} == {"Placeholder", "Identity"}
    generator = (
        X
        + "shape = Const[dtype=int32, value=int32[2](2, 4)]\n"
        + noisy
        + "w = Const[dtype=float32, value=float32[](0.5)]\n"
    )
    assert find(generator + "y = MatMul(n, w)")[1] == ()


def test_a_draw_from_a_distribution_becomes_the_most_likely_class():
    text = X + "one = Const[dtype=int32, value=int32[](1)]\ny = Multinomial[T=float32, output_dtype=int64](x, one)"
    graph, (finding,) = turned(text)
    assert (finding.what, finding.confidence) == ("sampler", "likely")
    assert {"ArgMax", "ExpandDims"} < {node.op for node in graph}


def test_the_name_of_an_output_means_the_new_value():
    """And so for a reader that the outputs do not need: the training part keeps what it computed."""
    text = X + DRAWN + "keep = Const[dtype=float32, value=float32[](0.8)]\nmask = Less(u, keep)\ncast = Cast(mask)\n"
    graph, findings = find(text + "scaled = RealDiv(x, keep)\ny = Mul[T=float32](scaled, cast)\nloss = Sum(y)")
    run_passes([ApplyEdits([edit for item in findings for edit in item.edits])], graph)
    assert graph["y"].op == "Identity"
    assert graph["loss"].inputs[0].node.op == "Mul"


def test_a_deviation_with_an_average_of_its_own_is_read_from_that():
    text = BATCH_NORM.replace("y = Relu(centered)", "") + DEVIATION.format(read="deviation")
    stored = {"average": np.full(4, 0.3, np.float32), "spread": np.full(4, 0.5, np.float32)}
    graph, findings = turned(text, stored)
    assert [item.variables for item in findings] == [("average",), ("spread",)]
    assert "SquaredDifference" not in {node.op for node in graph}


def test_a_mean_stays_where_the_variance_around_it_has_to():
    text = BATCH_NORM.replace("y = Relu(centered)", "") + DEVIATION.format(read="again")
    stored = {"average": np.full(4, 0.3, np.float32), "spread": np.full(4, 0.5, np.float32)}
    _, findings = find(text, stored)
    assert [item.became for item in findings] == ["", ""]
    assert findings[0].reason == "'variance', which is computed from it, stays"
    assert findings[1].reason == "its moving average 'spread' is one of a function of it"


DEVIATION = """
squares = SquaredDifference[T=float32](x, flat)
variance = Mean[T=float32](squares, axes)
tiny = Const[dtype=float32, value=float32[](0.001)]
shifted = AddV2[T=float32](variance, tiny)
deviation = Sqrt[T=float32](shifted)
also = AddV2[T=float32](variance, tiny)
again = Sqrt[T=float32](also)
y = RealDiv[T=float32](centered, {read})
spread = VariableV2[dtype=float32, shape=[4]]
spread/read = Identity(spread)
spread_difference = Sub[T=float32](spread/read, deviation)
spread_step = Mul[T=float32](spread_difference, decay)
spread_update = AssignSub(spread, spread_step)
"""


def test_parts_of_an_average_are_reported():
    text = (
        BATCH_NORM.replace("update = AssignSub(average, step)", "")
        + """
        axis = Const[dtype=int32, value=int32[](0)]
        parts = Split[T=float32, num_split=2](axis, flat)
        part = VariableV2[dtype=float32, shape=[2]]
        update = Assign(part, parts)
        other = VariableV2[dtype=float32, shape=[2]]
        update_other = Assign(other, parts:1)
        """
    )
    _, (finding,) = find(text, {"part": np.ones(2), "other": np.ones(2)})
    assert finding.reason == "several variables average it: 'other', 'part'"


def test_a_box_drawn_within_an_image_becomes_the_whole_image():
    graph, (finding,) = turned(
        """
        x = Placeholder[dtype=float32, shape=[8,8,3]]
        size = Const[dtype=int32, value=int32[3](8, 8, 3)]
        boxes = Const[dtype=float32, value=float32[1, 1, 4](0.0, 0.0, 1.0, 1.0)]
        part = Const[dtype=float32, value=float32[](0.5)]
        box = SampleDistortedBoundingBoxV2[T=int32](size, boxes, part)
        y = Slice[T=float32, Index=int32](x, box, box:1)
        """
    )
    assert finding.became == "the whole image"
    assert graph["y"].inputs[2].node.name == "size"


def test_a_saturation_adjusted_by_plain_ops_stays_as_it_is():
    graph, (finding,) = turned(
        X
        + DRAWN
        + """
        hsv = RGBToHSV[T=float32](x)
        scaled = Mul[T=float32](hsv, u)
        y = HSVToRGB[T=float32](scaled)
        """
    )
    assert (finding.what, finding.became) == ("random color", "identity")
    assert {node.op for node in graph} == {"Placeholder", "Identity"}


def test_a_blend_with_the_same_batch_in_a_random_order_becomes_the_batch():
    graph, (finding,) = turned(
        X
        + DRAWN
        + """
        one = Const[dtype=float32, value=float32[](1.0)]
        rest = Sub[T=float32](one, u)
        order = Placeholder[dtype=int32]
        other = Gather[Tparams=float32, Tindices=int32](x, order)
        a = Mul[T=float32](u, x)
        b = Mul[T=float32](rest, other)
        y = AddV2[T=float32](a, b)
        """
    )
    assert finding.what == "random transform"
    assert {node.op for node in graph} == {"Placeholder", "Identity"}


RETAINED = """
x = Placeholder[dtype=float32, shape=[?]]
indices = Placeholder[dtype=int64, shape=[?,2]]
count = Placeholder[dtype=int32]
u = RandomUniform[dtype=float32](count)
keep = Const[dtype=float32, value=float32[]({share})]
sum = Add(keep, u)
floor = Floor(sum)
mask = Cast(floor)
where = Where(mask)
one = Const[dtype=int32, value=int32[1](-1)]
places = Reshape(where, one)
kept_indices = Gather[Tparams=int64](indices, places)
kept = Gather[Tparams=float32](x, places)
size = Const[dtype=int64, value=int64[2](3,4)]
{scaled}
y = SparseTensorDenseMatMul(kept_indices, values, size, w)
w = Placeholder[dtype=float32]
"""
DIVIDED = """
scale = Reciprocal(keep)
values = SparseDenseCwiseMul(kept_indices, kept, size, scale)
"""


@pytest.mark.parametrize("share", [0.8, 1.0])
def test_a_dropout_of_a_sparse_tensor_leaves_all_its_elements(share):
    graph, (finding,) = turned(RETAINED.format(share=share, scaled=DIVIDED))
    assert finding.became == "identity"
    assert [value.name for value in graph["y"].inputs[:2]] == ["indices:0", "x:0"]
    assert "count" not in graph


def test_sparse_elements_that_are_not_scaled_become_their_expected_value():
    graph, (finding,) = turned(RETAINED.format(share=0.8, scaled="values = Identity(kept)"))
    assert finding.became == "the expected value, a factor of 0.8"
    assert graph["y"].inputs[0].name == "indices:0"
    assert graph["values"].inputs[0].node.op == "Mul"


def test_rows_that_a_random_mask_picks_stay():
    text = RETAINED.format(share=0.8, scaled="values = Identity(kept)").replace("int64](indices", "float32](indices")
    assert not find(text)[1]


def test_the_step_of_an_optimizer_in_plain_ops_is_no_average():
    step = """
    gamma = VariableV2[dtype=float32, shape=[4]]
    gamma/read = Identity(gamma)
    gradient = Mul[T=float32](y, flat)
    scaled = Mul[T=float32](gradient, decay)
    trained = Sub[T=float32](gamma/read, scaled)
    train = Assign(gamma, trained)
    """
    stored = {"average": np.arange(4.0), "gamma": np.ones(4)}
    (finding,) = find(BATCH_NORM + step, stored)[1]
    assert (finding.became, finding.variables) == ("moving averages", ("average",))


# ---- checks of labels

CHECKED = """
x = Placeholder[dtype=float32, shape=[?,4]]
labels = Placeholder[dtype=int64, shape=[?]]
is_good = Less[T=int64](labels, labels)
is_finite = IsFinite[T=float32](x)
good_labels = Assert[T={float32}](is_good, x)
good_inputs = Assert[T={float32}](is_finite, x)
all = NoOp(^good_labels, ^good_inputs)
checked = Identity[T=float32](x, ^all)
y = Relu(checked)
"""


def checks(text: str) -> tuple[Graph, list[str]]:
    graph = parse_graph(text)
    served = Served(graph, [graph.value("y")], [graph.value("x"), graph.value("labels")])
    findings = find_training_behavior(served, lambda _: None, ())
    run_passes([ApplyEdits([edit for item in findings for edit in item.edits]), Prune(["y"])], graph)
    return graph, [f"{item.what} {item.node}" for item in findings]


def test_checks_of_labels_go_and_those_of_inputs_stay():
    graph, findings = checks(CHECKED)
    assert findings == ["label check good_labels"]
    assert all(name not in graph for name in ("labels", "good_labels"))
    assert "good_inputs" in graph


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y = Relu(checked)", "y = Mul[T=float32](checked, labels)"),
        ("good_labels = Assert[T={float32}](is_good, x)", "good_labels = Identity[T=bool](is_good)"),
        ("^all", "^good_inputs"),
    ],
    ids=["the outputs are computed from them", "no check", "nothing waits"],
)
def test_other_uses_of_labels_stay(old, new):
    assert checks(CHECKED.replace(old, new))[1] == []


def test_groups_of_groups_that_wait_for_a_check_are_looked_at_once():
    levels = range(1, 300)
    text = CHECKED.replace("^all)", "^n299)") + "n0 = NoOp(^all)\nm0 = NoOp(^all)\n"
    text += "\n".join(f"{name}{i} = NoOp(^n{i - 1}, ^m{i - 1})" for i in levels for name in "nm")
    assert checks(text)[1] == ["label check good_labels"]
