"""v1 conditionals become If, and what is not joined as one stays."""

import pytest

from tests.passes.control_flow import assert_body, assert_graph, body, functional, ops

CHOICE = """
x = Placeholder[dtype=float32, shape=[3]]
p = Placeholder[dtype=bool, shape=[]]
cond/switch = Switch[T=bool](p, p)
cond/switch_t = Identity[T=bool](cond/switch:1)
cond/pred_id = Identity[T=bool](p)
cond/x = Switch[T=float32](x, cond/pred_id)
cond/two = Const[dtype=float32, value=float32[](2.0)](^cond/switch_t)
cond/twice = Mul[T=float32](cond/x:1, cond/two)
cond/merge = Merge[N=2, T=float32](cond/x, cond/twice)
y = Identity[T=float32](cond/merge)
"""


def test_a_conditional_is_an_if():
    graph, kept = functional(CHOICE, "y")
    assert not kept
    assert_graph(
        graph,
        """
        x = Placeholder[dtype=float32, shape=[3]]
        p = Placeholder[dtype=bool, shape=[]]
        cond = StatelessIf[Tcond=bool, Tin={float32}, Tout={float32}, then_branch=@cond_true, """
        "else_branch=@cond_false, _lower_using_switch_merge=true, _read_only_resource_inputs={}, output_shapes={[*]}]"
        """(p, x)
        cond/merge = Identity[T=float32](cond)
        y = Identity[T=float32](cond/merge)
        """,
    )
    assert_body(graph, "cond_false", "arg0 = _Arg\nresult0/_Retval = _Retval(arg0)")
    assert_body(
        graph,
        "cond_true",
        """
        arg0 = _Arg
        cond/two = Const[dtype=float32, value=float32[](2.0)]
        cond/twice = Mul[T=float32](arg0, cond/two)
        result0/_Retval = _Retval(cond/twice)
        """,
    )


def test_results_of_one_predicate_node_are_one_if():
    graph, _ = functional(
        CHOICE + "cond/neg = Neg[T=float32](cond/x)\nz = Merge[N=2, T=float32](cond/neg, cond/x:1)", "y", "z"
    )
    assert graph["z"].inputs[0].node is graph["cond/merge"].inputs[0].node
    assert [node.op for node in graph if "If" in node.op] == ["StatelessIf"]


def test_a_second_conditional_on_the_results_of_the_first_is_another_if():
    second = CHOICE.partition("cond/switch")[1] + CHOICE.partition("cond/switch")[2]
    second = second.replace("cond/", "again/").replace("(x, ", "(cond/merge, ").replace("\ny = ", "\nz = ")
    graph, kept = functional(CHOICE + second, "z")
    assert not kept
    assert [node.name for node in graph if "If" in node.op] == ["cond", "again"]


def test_which_input_was_alive_is_a_result_too():
    graph, _ = functional(CHOICE + "z = Identity[T=int32](cond/merge:1)", "y", "z")
    assert graph["z"].inputs == (graph["cond"].output(1),)
    values = {name: body(graph, name)["cond/merge/value_index"].attr.tensor("value") for name in graph.functions}
    assert {name: list(value.int_val) or [0] for name, value in values.items()} == {"cond_true": [1], "cond_false": [0]}


def test_a_conditional_in_a_branch():
    inner = """
    q = Placeholder[dtype=bool, shape=[]]
    cond/q = Switch[T=bool](q, cond/pred_id)
    cond/inner/x = Switch[T=float32](cond/twice, cond/q:1)
    cond/inner/neg = Neg[T=float32](cond/inner/x:1)
    cond/inner/merge = Merge[N=2, T=float32](cond/inner/x, cond/inner/neg)
    """
    graph, kept = functional(CHOICE.replace("(cond/x, cond/twice)", "(cond/x, cond/inner/merge)") + inner, "y")
    assert not kept
    assert set(graph.functions) == {"cond_true", "cond_false", "cond_inner_true", "cond_inner_false"}
    assert "cond/inner" in body(graph, "cond_true")
    assert not ops(graph) & {"Switch", "Merge"}


def test_side_effects_of_a_branch_run_in_it_before_what_the_merge_hands_out():
    text = CHOICE.replace("(cond/x, cond/twice)", "(cond/x, cond/twice, ^cond/assign)") + (
        "v = VarHandleOp[dtype=float32, shape=[3]]\ncond/v = Switch[T=resource](v, cond/pred_id)\n"
        "cond/assign = AssignVariableOp[dtype=float32](cond/v:1, cond/twice)"
    )
    graph, kept = functional(text, "y")
    assert not kept
    assert graph["cond"].op == "If"
    made = body(graph, "cond_true")
    (result,) = (node.inputs[0].node for node in made if node.op == "_Retval")
    assert result.control_inputs == (made["cond/assign"],)
    assert "cond/assign" not in body(graph, "cond_false")


def test_what_one_predicate_switches_is_two_ifs_if_one_needs_the_result_of_the_other():
    back = (
        "back/x = Switch[T=float32](y, cond/pred_id)\nback/grad = Mul[T=float32](back/x:1, cond/twice)\n"
        "z = Merge[N=2, T=float32](back/x, back/grad)"
    )
    graph, kept = functional(CHOICE + back, "z")
    assert not kept
    assert not ops(graph) & {"Switch", "Merge"}
    assert graph["cond/merge"].inputs[0].node.inputs[1:] == (graph["x"].output(),)
    assert graph["z"].inputs[0].node.inputs[1:] == (graph["y"].output(), graph["x"].output())
    both = [name for name in graph.functions if "cond/twice" in body(graph, name)]
    assert len(both) == 2, "the gradient computes once more what it needs of the branch"


@pytest.mark.parametrize(
    ("more", "roots", "reason"),
    [
        ("cond/kept = Neg[T=float32](cond/twice)", ["y", "cond/kept"], "'cond/kept' reads 'cond/twice'"),
        (
            "q = Placeholder[dtype=bool]\nother = Switch[T=float32](x, q)\nz = Merge[N=2, T=float32](other, cond/x)",
            ["z"],
            "do not depend on one decision and its opposite",
        ),
        (
            "n = Placeholder[dtype=int32]\ncond/n = Switch[T=int32](n, cond/pred_id)\n"
            "cond/drawn = RandomUniform[T=int32, dtype=float32](cond/n:1)\n"
            "cond/mask = Merge[N=2, T=float32](cond/drawn, cond/x)\n"
            "back/x = Switch[T=float32](cond/mask, cond/pred_id)\nback/grad = Mul[T=float32](back/x:1, cond/drawn)\n"
            "z = Merge[N=2, T=float32](back/x, back/grad)",
            ["z"],
            "'cond/drawn' (RandomUniform) has state, and its own result depends on it twice",
        ),
    ],
)
def test_what_is_not_joined_as_one_stays(more, roots, reason):
    graph, kept = functional(CHOICE + more, *roots)
    assert reason in kept[0].reason
    assert "Switch" in ops(graph)


def test_a_switch_without_a_merge_stays_and_what_is_beside_it_is_rewritten():
    alone = "q = Placeholder[dtype=bool]\nalone = Switch[T=float32](x, q)\nz = Neg[T=float32](alone:1)"
    graph, (kept,) = functional(CHOICE + alone, "y", "z")
    assert str(kept).startswith("the conditional 'z' stays: it has a value for one value of q:0 only")
    assert {"Switch", "StatelessIf"} <= ops(graph)
