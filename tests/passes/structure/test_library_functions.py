"""Functions are called as TensorFlow 2 calls them, and get names of their own."""

from compat_saver.graph import Graph, format_graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.library_functions import FunctionCalls, FunctionNames
from compat_saver.proto.messages import FunctionDef


def library(inner_op: str = "Neg") -> Graph:
    graph = parse_graph("x = Placeholder\ny = outer(x)\nz = PartitionedCall[f=@inner](x)\nc = Case[branches={1, 2}](x)")
    outer, inner = FunctionDef(), FunctionDef()
    outer.signature.name, inner.signature.name = "outer", "inner"
    outer.node_def.add(name="call", op="inner")
    outer.node_def.add(name="by_attribute", op="If").attr["then_branch"].func.name = "inner"
    inner.node_def.add(name="n", op=inner_op)
    graph.functions = {"outer": outer, "inner": inner}
    graph.gradients = {"inner": "outer"}
    run_passes([FunctionNames()], graph)
    return graph


def test_every_call_is_renamed():
    graph = library()
    outer, inner = graph.functions
    assert outer.startswith("outer_")
    assert inner.startswith("inner_")
    assert graph["y"].op == outer
    assert graph["z"].attrs["f"].func.name == inner
    assert [node.op for node in graph.functions[outer].node_def] == [inner, "If"]
    assert graph.functions[outer].node_def[1].attr["then_branch"].func.name == inner
    assert graph.functions[inner].signature.name == inner
    assert graph.gradients == {inner: outer}


def test_one_library_has_one_set_of_names_and_another_has_others():
    assert library().functions.keys() == library().functions.keys()
    assert library().functions.keys().isdisjoint(library("Abs").functions)


FLOAT = 1


def old_top() -> FunctionDef:
    """f(x) = TopK(x).values"""
    function = FunctionDef()
    function.signature.name = "top"
    function.signature.input_arg.add(name="x", type=FLOAT)
    function.signature.output_arg.add(name="y", type=FLOAT)
    best = function.node_def.add(name="best", op="TopK", input=["x"])
    best.attr["T"].type, best.attr["k"].i = FLOAT, 2
    function.ret["y"] = "best:values:0"
    return function


def test_a_call_by_name_becomes_a_partitioned_call():
    graph = parse_graph("x = Placeholder\ny = top(x)\nz = Neg(y)")
    graph.functions = {"top": old_top()}
    run_passes([FunctionCalls()], graph)
    assert format_graph(graph).splitlines()[1] == "y = PartitionedCall[Tin={float32}, Tout={float32}, f=@top](x)"


def test_a_function_with_effects_is_called_as_one():
    graph = parse_graph("x = Placeholder\ny = top(x)")
    graph.functions = {"top": old_top()}
    graph.functions["top"].signature.is_stateful = True
    run_passes([FunctionCalls()], graph)
    assert graph["y"].op == "StatefulPartitionedCall"


def test_a_call_whose_types_depend_on_the_caller_stays():
    graph = parse_graph("x = Placeholder\ny = top[T=float32](x)")
    graph.functions = {"top": old_top()}
    graph.functions["top"].signature.attr.add(name="T", type="type")
    run_passes([FunctionCalls()], graph)
    assert graph["y"].op == "top"
