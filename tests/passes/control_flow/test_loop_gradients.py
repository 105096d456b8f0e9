"""The gradient of a loop, in the same graph, does not keep the loop from having gradients."""

from compat_saver.graph import Graph, OpCatalog, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.control_flow import SeparateLoopGradients, TensorLists
from tests.passes.control_flow import assert_graph

ARRAY = """
x = Placeholder[dtype=float32, shape=[4, 3]]
size = Const[dtype=int32, value=int32[](4)]
all = Placeholder[dtype=int32, shape=[4]]
array = TensorArrayV3[dtype=float32](size)
filled = TensorArrayScatterV3[T=float32](array, all, x, array:1)
y = TensorArrayGatherV3[dtype=float32](array, all, filled)
"""
GRADIENT = """
grad = TensorArrayGradV3[source="gradients"]({array}, {flow})
grad/flow = Identity[T=float32]({flow}, ^grad)
grad/set = TensorArrayScatterV3[T=float32](grad, all, x, grad/flow)
back = TensorArrayGradV3[source="gradients"]({array}, grad/set)
back/flow = Identity[T=float32](grad/set, ^back)
dx = TensorArrayGatherV3[dtype=float32](back, all, back/flow)
"""


def separated(text: str) -> tuple[Graph, SeparateLoopGradients, TensorLists]:
    graph = parse_graph(text, producer=24)
    separate = SeparateLoopGradients(OpCatalog())
    lists = TensorLists(without=separate.twins)
    run_passes([separate], graph)
    return graph, separate, lists


def test_an_array_with_gradients_gets_a_twin_for_them():
    graph, separate, lists = separated(ARRAY + GRADIENT.format(array="array", flow="filled") + "z = Neg[T=float32](dx)")
    twin = """
    array/twin = TensorArrayV3[dtype=float32](size)
    filled/twin = TensorArrayScatterV3[T=float32](array/twin, all, x, array/twin:1)
    filled/twin/end = StopGradient[T=float32](filled/twin)
    dx/end = StopGradient[T=float32](dx)
    z = Neg[T=float32](dx/end)
    """
    gradient = GRADIENT.format(array="array/twin", flow="filled/twin/end")
    assert_graph(graph, ARRAY.replace("array:1)", "array:1, ^filled/twin)") + gradient + twin)
    run_passes([lists], graph)
    assert graph["y"].op == "TensorListGather"
    assert separate.kept == lists.kept == []


def test_an_array_without_gradients_stays_one():
    graph, _, _ = separated(ARRAY)
    assert_graph(graph, ARRAY)


def test_a_write_that_the_flow_does_not_lead_to_leaves_the_array_as_it_is():
    aside = "start = Const[dtype=float32, value=float32[](0.0)]\n"
    text = ARRAY.replace("x, array:1)", "x, start)") + aside + GRADIENT.format(array="array", flow="filled")
    graph, _, lists = separated(text)
    assert "array/twin" not in graph
    run_passes([lists], graph)
    assert [kept.reason for kept in lists.kept] == ["'grad' (TensorArrayGradV3) takes its handle"]


def test_what_the_loop_of_a_gradient_hands_out_ends_differentiation():
    graph, separate, _ = separated(
        """
        stack = Placeholder[dtype=resource, shape=[]]
        more = Placeholder[dtype=bool, shape=[]]
        x = Placeholder[dtype=float32, shape=[]]
        enter = Enter[T=float32, frame_name="back"](x)
        stack_in = Enter[T=resource, frame_name="back", is_constant=true](stack)
        more_in = Enter[T=bool, frame_name="back", is_constant=true](more)
        merge = Merge[N=2, T=float32](enter, next)
        cond = LoopCond(more_in)
        switch = Switch[T=float32](merge, cond)
        pop = StackPopV2[elem_type=float32](stack_in, ^switch)
        add = AddV2[T=float32](switch:1, pop)
        next = NextIteration[T=float32](add)
        exit = Exit[T=float32](switch)
        y = Neg[T=float32](exit)
        """
    )
    assert graph["y"].inputs[0].node.op == "StopGradient"
    assert graph["exit/end"].inputs == (graph["exit"].output(),)
    assert [str(kept) for kept in separate.kept] == [
        "the loop of a gradient 'back' stays: TensorFlow 1 has no gradients of the gradient of a loop either"
    ]
