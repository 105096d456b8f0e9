"""Removals keep what the roots need, and all that changes what is computed."""

from compat_saver.graph import Graph, OpCatalog, parse_graph
from compat_saver.graph.attributes import AttrValue
from compat_saver.passes import run_passes
from compat_saver.passes.structure.removals import DropPlacement, DropUnknownAttributes, Prune
from compat_saver.proto.messages import FunctionDef, OpDef
from tests.passes.graphs import (
    assert_rewrites,
)


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


def test_placement_is_dropped_and_counted():
    rewrites = assert_rewrites(
        DropPlacement(),
        'a = Const[_class={"loc:@b"}, _output_shapes={[2]}, T=int32] @/job:ps/device:GPU:0\nb = NoOp[_other=1]',
        "a = Const[T=int32]\nb = NoOp[_other=1]",
    )
    assert rewrites[0].detail == "1 device, 1 colocation, 1 recorded shape"


def test_requests_for_compilation_are_dropped():
    rewrites = assert_rewrites(
        DropPlacement(),
        'a = Neg[_XlaCompile=true, _XlaScope="jit", T=int32](b)\nb = Const[_tpu_replicate="cluster", _other=1]',
        "a = Neg[T=int32](b)\nb = Const[_other=1]",
    )
    assert rewrites[0].detail == "0 devices, 0 colocations, 0 recorded shapes, 3 XLA scopes"


def _catalog(default: int) -> OpCatalog:
    own = OpDef(name="MatMul")
    own.attr.add(name="new_fangled", type="int").default_value.i = default
    return OpCatalog({"MatMul": own})


def test_an_unknown_attribute_at_its_default_is_dropped():
    line = "y = MatMul[T=float32, new_fangled=3, _note=1]"
    assert_rewrites(DropUnknownAttributes(_catalog(3)), line, "y = MatMul[T=float32, _note=1]")


def test_an_unknown_attribute_with_a_meaning_stays():
    line = "y = MatMul[T=float32, new_fangled=3]"
    assert assert_rewrites(DropUnknownAttributes(_catalog(0)), line, line) == []
    assert assert_rewrites(DropUnknownAttributes(OpCatalog()), line, line) == []


def test_attributes_of_ops_that_are_gone_are_left_unchanged():
    line = "y = GatherTree[odd=3]"
    assert assert_rewrites(DropUnknownAttributes(OpCatalog()), line, line) == []
