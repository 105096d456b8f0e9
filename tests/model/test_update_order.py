"""Training steps run in one of the orders that TensorFlow 1 allows, the same one on both sides."""

import pytest

from compat_saver.analysis.training_steps import TrainingSteps
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.model.update_order import order_updates

STEP = """
rate = Const[dtype=float32, value=float32[](0.1)]
gradient = Placeholder[dtype=float32, shape=[]]
w = VariableV2[dtype=float32, shape=[]]
w/read = Identity[T=float32](w)
v = VariableV2[dtype=float32, shape=[]]
v/read = Identity[T=float32](v)
update = ApplyGradientDescent[T=float32](w, rate, gradient)
"""
BRANCH = """
decision = Placeholder[dtype=bool, shape=[]]
switch = Switch[T=float32](w/read, decision)
negative = Neg[T=float32](switch)
merge = Merge[N=2, T=float32](negative, switch:1)
"""
LOOP = """
enter = Enter[T=float32, frame_name="f"](w/read)
again = Merge[N=2, T=float32](enter, next)
is_less = Less[T=float32](again, rate)
condition = LoopCond(is_less)
switch = Switch[T=float32](again, condition)
change = AssignAdd[T=float32](v, switch:1)
next = NextIteration[T=float32](change)
exit = Exit[T=float32](switch)
"""


def _ordered(text, before=()):
    """Returns change -> what it waits for after the pass, beyond what it waited for."""
    graph = parse_graph(text, 26)
    catalog = OpCatalog.of(graph)
    changes = [graph[name] for name in TrainingSteps(graph, catalog).step("train").changes]
    had = {node: node.control_inputs for node in changes}
    order_updates(graph, catalog, changes, graph["train"], [graph[name] for name in before])
    added = {node.name: [w.name for w in node.control_inputs if w not in had[node]] for node in changes}
    return {name: waits for name, waits in added.items() if waits}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "average = AssignSub[T=float32](v, w/read)\ntrain = NoOp(^update, ^average)",
            {"update": ["average"]},
            id="a reader that nothing orders",
        ),
        pytest.param("train = AssignSub[T=float32](v, w/read, ^update)", {}, id="a reader after the change"),
        pytest.param(
            "by = Neg[T=float32](w/read)\nchange = AssignSub[T=float32](w, by)\ntrain = NoOp(^change)",
            {},
            id="a reader that the change needs",
        ),
        pytest.param(
            "flat = Reshape[T=float32](w/read, rate)\nby = Neg[T=float32](flat)\ntrain = AddN[T=float32](by)\n"
            "unrelated = Neg[T=float32](w/read)\nalso = NoOp(^train, ^update)",
            {},
            id="what the step does not run",
        ),
        pytest.param(
            "flat = Reshape[T=float32](w/read, rate)\nby = Neg[T=float32](flat)\ntrain = NoOp(^by, ^update)",
            {"update": ["by"]},
            id="a reader of the same buffer in another shape",
        ),
        pytest.param(
            "again = ApplyGradientDescent[T=float32](w, rate, gradient)\ntrain = NoOp(^update, ^again)",
            {"again": ["update"]},
            id="two changes of one variable",
        ),
        pytest.param(
            "given = Neg[T=float32](update)\nlast = AssignAdd[T=float32](w, rate)\ntrain = NoOp(^given, ^last)",
            {"last": ["update", "given"]},
            id="what a change gives back is read before the next change",
        ),
        pytest.param(
            "mine = AssignAdd[T=float32](w, v/read)\nyours = AssignAdd[T=float32](v, w/read)\n"
            "train = NoOp(^mine, ^yours)",
            {"yours": ["mine"]},
            id="no circle of two changes that read what the other changes",
        ),
        pytest.param(
            BRANCH + "train = NoOp(^update, ^merge)", {"update": ["merge"]}, id="what is read in a branch has come out"
        ),
        pytest.param(
            LOOP + "train = NoOp(^update, ^exit)", {"update": ["exit"]}, id="what is read in a loop has come out"
        ),
    ],
)
def test_changes_wait_for_what_reads_before(text, expected):
    assert _ordered(STEP + text) == expected


def test_changes_wait_for_what_is_fetched_unless_it_depends_on_them():
    text = "loss = Neg[T=float32](gradient)\nlate = Neg[T=float32](update)\ntrain = NoOp(^update)"
    assert _ordered(STEP + text, ["loss", "late"]) == {"update": ["loss"]}


def test_of_a_handle_the_reads_count():
    text = """
    rate = Const[dtype=float32, value=float32[](0.1)]
    w = VarHandleOp[dtype=float32, shape=[]]
    read = ReadVariableOp[dtype=float32](w)
    update = AssignAddVariableOp[dtype=float32](w, rate)
    train = NoOp(^read, ^update)
    """
    assert _ordered(text) == {"update": ["read"]}
