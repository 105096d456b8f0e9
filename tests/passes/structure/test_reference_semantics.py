"""Variables of one shared name are one; a changed variable is read when it is used."""

import pytest

from compat_saver.graph import OpCatalog
from compat_saver.passes.structure.reference_semantics import LateReads, SharedVariables
from tests.passes.graphs import (
    assert_rewrites,
)

FIRST = 'a = VariableV2[container="", shared_name=""]\n'

OTHERS = """
b = VariableV2[container="", shared_name="a"]
c = VariableV2[container="here", shared_name="a"]
h = VarHandleOp[container="", shared_name="a"]
"""


def test_the_node_of_the_name_is_used_for_all():
    assert_rewrites(
        SharedVariables(),
        FIRST + OTHERS + "y = Add(a, b)\nz = Add(c, h)",
        FIRST + OTHERS + "y = Add(a, a)\nz = Add(c, h)",
    )


def test_the_first_node_is_used_for_all_if_none_has_the_name():
    two = 'b = VariableV2[shared_name="s"]\nc = VariableV2[shared_name="s"]\n'
    assert_rewrites(SharedVariables(), two + "y = Add(b, c)", two + "y = Add(b, b)")


W = """
w = VariableV2[dtype=float32, shape=[2]]
w/read = Identity[T=float32](w)
x = Placeholder[dtype=float32, shape=[2]]
"""


def assert_becomes(before: str, after: str) -> None:
    assert_rewrites(LateReads(OpCatalog()), W + before, W + after)


def test_an_identity_after_the_change_reads_the_variable_itself():
    change = "change = AssignAdd[T=float32](w, x)\n"
    assert_becomes(
        change + "y = Identity[T=float32](w/read, ^change)\nz = Neg[T=float32](y)",
        change + "y = Identity[T=float32](w, ^change)\nz = Neg[T=float32](y)",
    )


def test_any_other_use_gets_a_read_that_waits_for_its_inputs():
    change = "change = AssignAdd[T=float32](w, x)\ndouble = Add[T=float32](x, x, ^change)\n"
    assert_becomes(
        change + "y = Mul[T=float32](w/read, double)",
        change + "y/late_read = Identity[T=float32](w, ^double)\ny = Mul[T=float32](y/late_read, double)",
    )


def test_a_change_in_a_branch_is_a_change():
    change = """
    flag = Placeholder[dtype=bool, shape=[]]
    switch = RefSwitch[T=float32](w, flag)
    first = Assign[T=float32](switch:1, x)
    change = ScatterAdd[T=float32, Tindices=int32](first, rows, x)
    rows = Placeholder[dtype=int32, shape=[1]]
    """
    assert_becomes(change + "y = Identity[T=float32](w/read, ^change)", change + "y = Identity[T=float32](w, ^change)")


def test_a_read_that_enters_a_loop_is_one_of_each_iteration():
    loop = """
    inside = RefEnter[T=float32, frame_name="f", is_constant=true](w)
    step = AssignAdd[T=float32](inside, x)
    entered = Enter[T=float32, frame_name="f", is_constant=true](w/read)
    """
    entered = 'entered/reference = RefEnter[T=float32, frame_name="f", is_constant=true](w)\n'
    assert_becomes(
        loop + "y = Identity[T=float32](entered, ^step)",
        loop + entered + "y = Identity[T=float32](entered/reference, ^step)",
    )


def test_a_read_that_enters_a_branch_is_one_of_that_branch():
    branch = """
    flag = Placeholder[dtype=bool, shape=[]]
    inside = RefSwitch[T=float32](w, flag)
    step = AssignAdd[T=float32](inside:1, x)
    switch = Switch[T=float32](w/read, flag)
    other = Neg[T=float32](switch)
    """
    entered = "switch/reference = RefSwitch[T=float32](w, flag)\n"
    assert_becomes(
        branch + "y = Identity[T=float32](switch:1, ^step)",
        branch + entered + "y = Identity[T=float32](switch/reference:1, ^step)",
    )


@pytest.mark.parametrize(
    "held",
    [
        "value = Add[T=float32](x, x)\nchange = Assign[T=float32](w, value)\nlast = Neg[T=float32](value, ^change)\n",
        "value = Add[T=float32](x, x)\nsame = Identity[T=float32](value)\nchange = Assign[T=float32](w, same)\n"
        "view = StopGradient[T=float32](value)\nlast = Neg[T=float32](view, ^change)\n",
        "v = VariableV2[dtype=float32, shape=[]]\nv/read = Identity[T=float32](v)\n"
        "change = Assign[T=float32](w, v/read)\n",
        "value = Const[dtype=float32, value=float32[](1)]\nchange = Assign[T=float32](w, value)\n",
    ],
    ids=["needed later", "needed later by another name", "of a variable", "constant"],
)
def test_an_assign_of_what_something_else_has_is_a_change_in_place(held):
    assert_becomes(f"{held}y = Identity[T=float32](w/read, ^change)", f"{held}y = Identity[T=float32](w, ^change)")


def test_reads_that_no_change_in_place_runs_before_are_left_unchanged():
    for graph in (
        "y = Identity[T=float32](w/read, ^later)\nlater = NoOp(^x)",
        "change = Assign[T=float32](w, x)\ny = Identity[T=float32](w/read, ^change)",
        "value = Add[T=float32](x, x)\nother = Neg[T=float32](value)\nchange = Assign[T=float32](w, value)\n"
        "y = Identity[T=float32](w/read, ^change)",
        "there = IsVariableInitialized[dtype=float32](w)\ny = Mul[T=float32](w/read, x, ^there)",
        "double = Add[T=float32](x, x)\ny = Mul[T=float32](w/read, double)\nchange = AssignAdd[T=float32](w, y)",
    ):
        assert_becomes(graph, graph)
