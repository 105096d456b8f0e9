"""The runner holds passes to what they need and promise."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import Graph, OpCatalog, format_graph, parse_graph
from compat_saver.graph.functions import function_body
from compat_saver.passes import Pass, Rewrite, run_in_functions, run_passes
from compat_saver.passes.replacements.renamed_ops import TopK
from compat_saver.proto.messages import FunctionDef


class _Nothing(Pass):
    name = "nothing"

    def apply(self, graph):
        return Rewrite(self.name, 0)


class _Breaks(_Nothing):
    name = "breaks"

    def apply(self, graph):
        graph["b"]._inputs[0] = Graph().add("Const", "stray").output()
        return Rewrite(self.name, 1)


class _Needy(_Nothing):
    name = "needy"

    def requires(self, graph):
        yield "a placeholder"


class _Promises(_Nothing):
    name = "promises"

    def ensures(self, graph):
        yield "x is missing"
        yield "y is still read"


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (_Breaks(), "not in the graph"),
        (_Needy(), "The pass needy needs: a placeholder."),
        (_Promises(), "The pass promises promised: x is missing; y is still read."),
    ],
)
def test_a_pass_that_breaks_its_promise_raises(item, complaint):
    with pytest.raises(GraphError, match=complaint):
        run_passes([item], parse_graph("a = Const\nb = Neg(a)"))


def test_passes_that_changed_nothing_are_not_reported():
    assert run_passes([_Nothing()], parse_graph("a = NoOp")) == []


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
    """A function with a body that cannot be read."""
    function = old_top()
    function.signature.name = "opaque"
    function.node_def[0].input[0] = "nope"
    return function


def test_an_old_op_in_a_body_is_rewritten_and_reported_with_the_functions_name():
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
