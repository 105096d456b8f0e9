"""Edits name nodes and tensors, and hold for every copy of a graph."""

import numpy as np

from compat_saver.graph import parse_graph
from compat_saver.graph.text import differences
from compat_saver.passes.inference.edits import (
    ApplyEdits,
    Centered,
    ReadTensor,
    ReadVariable,
    Redirect,
    SetFlag,
    StopWaiting,
    UseConstant,
)

GRAPH = """
x = Placeholder[dtype=float32]
w = VariableV2[dtype=float32, shape=[2]]
a = Neg(x)
b = Neg(a)
c = Neg(b)
y = Add(c, a, ^a)
"""


def edited(*edits, text=GRAPH, in_loops=()):
    graph = parse_graph(text)
    ApplyEdits(edits, in_loops).apply(graph)
    graph.check()
    return graph


def test_only_the_readers_that_are_named_are_redirected():
    graph = edited(Redirect("a:0", ReadTensor("x:0"), (("b", 0),)))
    assert differences(graph, parse_graph(GRAPH.replace("b = Neg(a)", "b = Neg(x)"))) == []


def test_a_tensor_that_is_redirected_itself_is_followed():
    graph = edited(
        Redirect("b:0", ReadTensor("a:0"), (("c", 0),)), Redirect("a:0", ReadTensor("x:0"), (("b", 0), ("y", 1)))
    )
    assert graph["c"].inputs[0].name == "x:0"


def test_readers_of_a_variable_share_one_read():
    source = ReadVariable("w", 1)
    graph = edited(Redirect("a:0", source, (("b", 0),)), Redirect("c:0", source, (("y", 0),)))
    assert graph["b"].inputs[0] == graph["y"].inputs[0]
    assert graph["b"].inputs[0].node.op == "Identity"


def test_a_statistic_of_another_shape_is_reshaped():
    graph = edited(Redirect("a:0", ReadVariable("w", 1, (1, 2)), (("b", 0),)))
    assert graph["b"].inputs[0].node.op == "Reshape"


def test_a_constant_inside_a_loop_waits_for_a_node_of_the_loop():
    source = UseConstant(np.array(0.5, np.float32))
    outside, inside = (
        edited(Redirect("a:0", source, (("y", 1),)), in_loops=names)["y"].inputs[1].node for names in ((), ("y",))
    )
    assert outside.control_inputs == ()
    assert [node.name for node in inside.control_inputs] == ["c"]


def test_the_middle_of_an_offset():
    text = "limit = Const[dtype=int32, value=int32[](5)]\nr = FloorMod(limit, limit)\ny = Slice(r)"
    graph = edited(Redirect("r:0", Centered("limit:0", 3), (("y", 0),)), text=text)
    assert graph["y"].inputs[0].node.op == "FloorDiv"


def test_flags_and_control_edges():
    graph = edited(SetFlag("a", "is_training", False), StopWaiting("a"), StopWaiting("gone"))
    assert not graph["a"].attr.bool("is_training", default=True)
    assert graph["y"].control_inputs == ()
