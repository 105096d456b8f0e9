"""Pruning keeps what the roots need and nothing else."""

from compat_saver.graph import Graph, parse_graph
from compat_saver.graph.attributes import AttrValue
from compat_saver.passes import run_passes
from compat_saver.passes.structure.removals import Prune
from compat_saver.proto.messages import FunctionDef
from tests.passes.graphs import assert_rewrites


def test_training_goes_and_control_inputs_stay():
    rewrites = assert_rewrites(
        Prune(["y"]),
        """
        x = Placeholder
        w = VariableV2
        w/read = Identity(w)
        y = MatMul(x, w/read, ^check)
        check = Assert(x)
        labels = Placeholder
        loss = Sub(y, labels)
        train = ApplyGradientDescent(w, rate, loss)
        rate = Const
        """,
        """
        x = Placeholder
        w = VariableV2
        w/read = Identity(w)
        y = MatMul(x, w/read, ^check)
        check = Assert(x)
        """,
    )
    assert rewrites[0].count == 4


def test_a_loop_is_kept_or_dropped_as_a_whole():
    loop = "c = Const\nenter = Enter(c)\nmerge = Merge(enter, next)\nnext = NextIteration(merge)\n"
    assert_rewrites(Prune(["y"]), loop + "y = Const", "y = Const")
    assert_rewrites(Prune(["y"]), loop + "y = Exit(merge)\nz = Exit(merge)", loop + "y = Exit(merge)")


def _function(name: str, *called: str) -> FunctionDef:
    function = FunctionDef()
    function.signature.name = name
    for other in called:
        function.node_def.add(name=other, op=other)
    return function


def test_functions_that_nothing_reaches_go():
    graph: Graph = parse_graph("y = outer")
    other = AttrValue()
    other.func.name = "by_attribute"
    graph["y"].attrs["f"] = other
    names = {"outer": ["inner"], "inner": [], "by_attribute": [], "grad": [], "unused": []}
    graph.functions = {name: _function(name, *called) for name, called in names.items()}
    graph.gradients = {"inner": "grad", "unused": "grad"}
    run_passes([Prune(["y"])], graph)
    assert set(graph.functions) == {"outer", "inner", "by_attribute", "grad"}
    assert graph.gradients == {"inner": "grad"}
