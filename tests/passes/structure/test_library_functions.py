"""Functions are called as TensorFlow 2 calls them."""

from compat_saver.graph import format_graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.library_functions import FunctionCalls, RenameFunctions
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


def test_functions_get_a_prefix_wherever_they_are_called():
    graph = parse_graph("x = Placeholder\ny = top(x)\nz = PartitionedCall[f=@outer](y)\nw = Neg(z)")
    outer = FunctionDef()
    outer.signature.name = "outer"
    call = outer.node_def.add(name="call", op="PartitionedCall")
    call.attr["f"].func.name = "top"
    call.attr["branches"].list.func.add(name="top")
    graph.functions = {"top": old_top(), "outer": outer}
    graph.gradients = {"outer": "top"}
    before = graph["z"].attrs["f"]
    run_passes([RenameFunctions("train_")], graph)
    assert graph.functions.keys() == {"train_top", "train_outer"}
    assert graph.gradients == {"train_outer": "train_top"}
    assert format_graph(graph).splitlines()[1:3] == ["y = train_top(x)", "z = PartitionedCall[f=@train_outer](y)"]
    (call,) = graph.functions["train_outer"].node_def
    assert (call.attr["f"].func.name, call.attr["branches"].list.func[0].name) == ("train_top", "train_top")
    assert (before.func.name, outer.signature.name) == ("outer", "outer")
