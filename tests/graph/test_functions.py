"""FunctionDef -> body -> FunctionDef, for the form of today and that of TensorFlow 0.12."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import OpCatalog, format_graph, from_graph_def
from compat_saver.graph.functions import function_body, modern_function, with_body
from compat_saver.proto.messages import FunctionDef, GraphDef, Message
from compat_saver.proto.meta_graph import read_meta_graph
from tests.golden_cases import Case, all_cases

CATALOG = OpCatalog()
FLOAT, INT32 = 1, 3


def _signature(name: str, arguments: list[str], results: list[str]) -> FunctionDef:
    function = FunctionDef()
    function.signature.name = name
    for argument in arguments:
        function.signature.input_arg.add(name=argument, type=FLOAT)
    for result in results:
        function.signature.output_arg.add(name=result, type=FLOAT)
    return function


def best_two() -> FunctionDef:
    """f(x) = TopKV2(x, k=2).values + x, after a check."""
    function = _signature("best_two", ["x"], ["total"])
    two = function.node_def.add(name="k", op="Const", input=["^check"])
    two.attr["dtype"].type = INT32
    function.node_def.add(name="check", op="NoOp")
    best = function.node_def.add(name="best", op="TopKV2", input=["x", "k:output:0"], device="/cpu:0")
    best.attr["T"].type = FLOAT
    total = function.node_def.add(name="sum", op="AddN", input=["best:values:0", "x"])
    total.attr["T"].type, total.attr["N"].i = FLOAT, 2
    function.ret["total"] = "sum:sum:0"
    function.attr["_noinline"].b = True
    return function


def old_best_two() -> FunctionDef:
    """The same as TensorFlow 0.12 wrote it; its nodes are named by their outputs."""
    function = _signature("best_two", ["x"], ["total"])
    best = function.node.add(ret=["best", "best_o1"], op="TopK", arg=["x"], dep=["first"])
    best.attr["T"].type, best.attr["k"].i = FLOAT, 2
    function.node.add(ret=["first"], op="Identity", arg=["x"]).attr["T"].type = FLOAT
    total = function.node.add(ret=["total"], op="AddN", arg=["best", "x"])
    total.attr["T"].type, total.attr["N"].i = FLOAT, 2
    return function


def test_a_body_reads_like_a_graph():
    assert format_graph(function_body(best_two(), CATALOG)).splitlines() == [
        "x = _Arg[T=float32, index=0]",
        "k = Const[dtype=int32](^check)",
        "check = NoOp",
        "best = TopKV2[T=float32](x, k) @/cpu:0",
        "sum = AddN[N=2, T=float32](best, x)",
        "total/_Retval = _Retval[T=float32, index=0](sum)",
    ]


def test_round_trip():
    assert with_body(best_two(), function_body(best_two(), CATALOG), CATALOG) == best_two()


def test_a_rewritten_body_names_the_output_of_the_new_op_that_it_reads():
    body = function_body(best_two(), CATALOG)
    body["sum"].replace_input(0, body["best"].output(1))
    changed = with_body(best_two(), body, CATALOG)
    assert list(changed.node_def[3].input) == ["best:indices:0", "x"]


def test_the_form_of_0_12_becomes_the_current_one():
    modern = modern_function(old_best_two(), CATALOG)
    assert not modern.node
    assert [(node.name, node.op, list(node.input)) for node in modern.node_def] == [
        ("best", "TopK", ["x", "^first"]),
        ("first", "Identity", ["x"]),
        ("total", "AddN", ["best:values:0", "x"]),
    ]
    assert dict(modern.ret) == {"total": "total:sum:0"}


def test_functions_of_0_12_are_modern_once_read():
    message = GraphDef()
    message.library.function.append(old_best_two())
    assert from_graph_def(message).functions["best_two"].node_def


def _with(change: str) -> FunctionDef:
    function = best_two()
    node = function.node_def[2]
    if change == "unknown op":
        node.op = "UndefinedOp"
    elif change == "absent input":
        node.input[0] = "nope:output:0"
    elif change == "absent result":
        function.ret["total"] = "sum:sum:1"
    elif change == "no result":
        function.ret.clear()
    elif change == "the caller's type":
        function.signature.input_arg[0].type_attr = "T"
    else:
        function.node_def.add(name="best", op="NoOp")
    return function


@pytest.mark.parametrize(
    "change", ["unknown op", "absent input", "absent result", "no result", "the caller's type", "two of a name"]
)
def test_a_body_that_cannot_be_read_raises(change):
    with pytest.raises(GraphError):
        function_body(_with(change), CATALOG)


def _functions(case: Case) -> tuple[dict[str, Message], OpCatalog]:
    graph = from_graph_def(read_meta_graph(f"{case.prefix}.meta").graph_def)
    return graph.functions, OpCatalog.of(graph)


@pytest.mark.parametrize("case", all_cases("function_library"), ids=str)
def test_what_real_releases_wrote_survives_the_round_trip(case):
    functions, catalog = _functions(case)
    assert functions
    for function in functions.values():
        assert with_body(function, function_body(function, catalog), catalog) == function
