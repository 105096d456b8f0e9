"""A constant predicate takes its branch."""

import pytest

from compat_saver.graph import parse_graph
from compat_saver.graph.text import differences
from compat_saver.passes import run_passes
from compat_saver.passes.structure.fold_conditionals import FoldConditionals
from compat_saver.passes.structure.removals import Prune

COND = """
x = Placeholder
p = Const[dtype=bool, value=bool[](VALUE)]
pred = Identity[T=bool](p)
switch = Switch[T=float32](x, pred)
pivot_f = Identity[T=bool](ps)
pivot_t = Identity[T=bool](ps:1)
ps = Switch[T=bool](pred, pred)
left = Neg[T=float32](switch)
noise = RandomUniform(^pivot_t)
right = Mul[T=float32](switch:1, noise)
merge = Merge[N=2, T=float32](left, right)
y = Abs[T=float32](merge)
"""


def folded(text: str, *roots: str):
    graph = parse_graph(text)
    rewrites = run_passes([FoldConditionals(), Prune(roots)], graph)
    return graph, rewrites


@pytest.mark.parametrize(
    ("value", "branch"),
    [
        ("false", "left = Neg[T=float32](x)\ny = Abs[T=float32](left)"),
        (
            "true",
            """
            p = Const[dtype=bool, value=bool[](true)]
            pred = Identity[T=bool](p)
            pivot_t = Identity[T=bool](pred)
            noise = RandomUniform(^pivot_t)
            right = Mul[T=float32](x, noise)
            y = Abs[T=float32](right)
            """,
        ),
    ],
)
def test_the_taken_branch_is_all_that_is_left(value, branch):
    graph, rewrites = folded(COND.replace("VALUE", value), "y")
    assert differences(graph, parse_graph("x = Placeholder\n" + branch)) == []
    assert rewrites[0].name == "fold_conditionals"


@pytest.mark.parametrize(("number", "branch"), [(0, "left"), (1, "right")])
def test_a_number_may_be_a_truth_value(number, branch):
    text = COND.replace("bool, value=bool[](VALUE)", f"uint8, value=uint8[]({number})")
    text = text.replace("pred = Identity[T=bool](p)", "pred = Cast[SrcT=uint8, DstT=bool](p)")
    graph, _ = folded(text, "y")
    assert graph["y"].inputs[0].node.name == branch


def test_which_input_a_merge_took_becomes_a_constant():
    graph, _ = folded(COND.replace("VALUE", "true") + "index = Neg[T=int32](merge:1)", "index")
    expected = """
    merge/value_index = Const[dtype=int32, value=int32[](1)]
    index = Neg[T=int32](merge/value_index)
    """
    assert differences(graph, parse_graph(expected)) == []


@pytest.mark.parametrize(
    ("predicate", "taken"),
    [
        ("pred = LogicalNot(p)", "right"),
        ("pred = LogicalAnd(open, p)", "left"),
        ("pred = LogicalOr(p, p)", "left"),
        ("pred = LogicalOr(open, p)", None),
        ("pred = Equal(p, p)", "right"),
        ("pred = Equal(p, open)", None),
        ('word = Const[dtype=string, value=string[]("infer")]\npred = NotEqual(word, word)', "left"),
        ("number = Const[dtype=int32, value=int32[](1)]\npred = Less(number, number)", "left"),
        ("list = Const[dtype=int32, value=int32[2](1, 2)]\npred = Equal(list, list)", None),
    ],
)
def test_predicates_computed_from_constants(predicate, taken):
    text = COND.replace("VALUE", "false").replace("pred = Identity[T=bool](p)", predicate)
    graph, _ = folded(text + "open = Placeholder", "y")
    assert graph["y"].inputs[0].name == (f"{taken}:0" if taken else "merge:0")


def test_a_cond_of_the_same_predicate_inside_the_taken_branch_is_folded_too():
    graph, _ = folded(
        """
        x = Placeholder
        p = Const[dtype=bool, value=bool[](true)]
        outer = Switch(x, p)
        inner_p = Switch[T=bool](p, p)
        inner = Switch(outer:1, inner_p:1)
        a = Neg(inner)
        b = Abs(inner:1)
        inner_merge = Merge(a, b)
        c = Exp(outer)
        merge = Merge(c, inner_merge)
        y = Log(merge)
        """,
        "y",
    )
    assert differences(graph, parse_graph("x = Placeholder\nb = Abs(x)\ny = Log(b)")) == []


def test_loops_and_open_conds_stay():
    text = """
    x = Placeholder
    enter = Enter(x)
    merge = Merge(enter, next)
    test = Less(merge, enter)
    cond = LoopCond(test)
    switch = Switch(merge, cond)
    next = NextIteration(switch:1)
    y = Exit(switch)
    """
    graph, rewrites = folded(text, "y")
    assert differences(graph, parse_graph(text)) == []
    assert rewrites == []


def test_a_merge_that_is_requested_by_name_is_kept():
    graph, _ = folded(COND.replace("VALUE", "false"), "merge")
    expected = "x = Placeholder\nleft = Neg[T=float32](x)\nmerge = Identity[T=float32](left)"
    assert differences(graph, parse_graph(expected)) == []


def test_a_loop_in_the_branch_not_taken_does_not_keep_it():
    text = """
    x = Placeholder
    p = Const[dtype=bool, value=bool[](false)]
    switch = Switch(x, p)
    enter = Enter(switch:1)
    turn = Merge(enter, next)
    test = LoopCond(turn)
    inner = Switch(turn, test)
    next = NextIteration(inner:1)
    left = Exit(inner)
    right = Neg(switch)
    merge = Merge(right, left)
    y = Abs(merge)
    """
    graph, _ = folded(text, "y")
    assert differences(graph, parse_graph("x = Placeholder\nright = Neg(x)\ny = Abs(right)")) == []


def test_predicates_that_follow_from_one_another_are_found_however_many():
    steps = "".join(
        f"""
        not_{number} = LogicalNot(known_{number})
        switch_{number} = Switch[T=bool](not_{number}, known_{number})
        known_{number + 1} = Merge[N=2, T=bool](switch_{number}, switch_{number}:1)
        """
        for number in range(3000)
    )
    text = f"known_0 = Const[dtype=bool, value=bool[](true)]\n{steps}\ny = Identity[T=bool](known_3000)"
    graph, rewrites = folded(text, "y")
    assert rewrites[0].count == 3000
    assert not [node for node in graph if node.op in ("Switch", "Merge")]
