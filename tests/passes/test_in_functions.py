"""Passes run inside function bodies, and functions are called as TensorFlow 2 calls them."""

from compat_saver.graph import OpCatalog, format_graph, parse_graph
from compat_saver.graph.functions import function_body
from compat_saver.passes import run_in_functions, run_passes
from compat_saver.passes.replacements.renamed_ops import TopK
from compat_saver.passes.structure.library_functions import FunctionCalls
from compat_saver.proto.messages import FunctionDef

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


def opaque() -> FunctionDef:
    """A function that nobody can read."""
    function = old_top()
    function.signature.name = "opaque"
    function.node_def[0].input[0] = "nope"
    return function


def test_an_old_op_in_a_body_is_rewritten_and_told_with_the_functions_name():
    graph = parse_graph("x = Placeholder")
    graph.functions = {"top": old_top(), "opaque": opaque()}
    (rewrite,) = run_in_functions([TopK()], graph, OpCatalog.of(graph))
    assert rewrite.detail == "in the function top: 1 TopK -> TopKV2"
    assert format_graph(function_body(graph.functions["top"], OpCatalog.of(graph))).splitlines() == [
        "x = _Arg[T=float32, index=0]",
        "best = TopKV2[T=float32](x, best/Const)",
        "best/Const = Const[dtype=int32, value=int32[](2)]",
        "y/_Retval = _Retval[T=float32, index=0](best)",
    ]
    assert graph.functions["opaque"] == opaque()


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


def test_a_function_whose_types_its_caller_gives_is_called_as_it_was():
    graph = parse_graph("x = Placeholder\ny = top[T=float32](x)")
    graph.functions = {"top": old_top()}
    graph.functions["top"].signature.attr.add(name="T", type="type")
    run_passes([FunctionCalls()], graph)
    assert graph["y"].op == "top"
