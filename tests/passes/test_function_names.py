"""Functions get names of their own library, wherever they are called."""

from compat_saver.graph import Graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.library_functions import FunctionNames
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
