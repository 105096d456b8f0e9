"""TensorArrays become TensorLists where their flow says who sees what, and stay where it does not."""

import pytest

from compat_saver.graph import Graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.control_flow import RecordedShapes, TensorLists
from compat_saver.passes.structure.removals import Prune

ARRAY = """
x = Placeholder[dtype=float32, shape=[4, 3]]
shape = Shape[T=float32, out_type=int32](x)
zero = Const[dtype=int32, value=int32[](0)]
one = Const[dtype=int32, value=int32[](1)]
begin = Const[dtype=int32, value=int32[1](0)]
end = Const[dtype=int32, value=int32[1](1)]
rows = StridedSlice[Index=int32, T=int32, begin_mask=0, shrink_axis_mask=1](shape, begin, end, end)
all = Range[Tidx=int32](zero, rows, one)
array = TensorArrayV3[dtype=float32, element_shape=[3], dynamic_size=false](rows)
filled = TensorArrayScatterV3[T=float32](array, all, x, array:1)
"""


def rewritten(text: str, *roots: str, shapes: Graph | None = None) -> tuple[Graph, TensorLists]:
    graph = parse_graph(text, producer=24)
    lists = TensorLists(RecordedShapes(shapes))
    run_passes([Prune(roots), lists], graph)
    return graph, lists


def shape_of(graph: Graph, name: str, position: int = -1) -> list[int]:
    tensor = graph[name].inputs[position].node.attr.tensor("value")
    return list(tensor.int_val) or list(memoryview(tensor.tensor_content).cast("i"))


def test_all_rows_of_a_tensor_make_the_list():
    graph, lists = rewritten(ARRAY + "y = TensorArrayReadV3[dtype=float32](array, one, filled)", "y")
    assert not lists.kept
    assert graph["filled"].op == "TensorListFromTensor"
    assert graph["filled"].inputs[0] == graph["x"].output()
    assert shape_of(graph, "filled") == [3]
    assert graph["y"].op == "TensorListGetItem"
    assert graph["y"].inputs[:2] == (graph["filled"].output(), graph["one"].output())


def test_some_rows_are_scattered_into_it():
    graph, _ = rewritten(
        ARRAY.replace("(zero, rows, one)", "(one, rows, one)")
        + "y = TensorArrayGatherV3[dtype=float32](array, all, filled)",
        "y",
    )
    assert (graph["array"].op, graph["filled"].op) == ("TensorListReserve", "TensorListScatterIntoExistingList")
    assert [value.node.name for value in graph["filled"].inputs] == ["array", "x", "all"]
    assert graph["y"].op == "TensorListGather"


def test_all_elements_are_stacked():
    graph, _ = rewritten(
        ARRAY
        + """
        size = TensorArraySizeV3(array, filled)
        every = Range[Tidx=int32](zero, size, one)
        y = TensorArrayGatherV3[dtype=float32](array, every, filled)
        z = Identity[T=int32](size)
        """,
        "y",
        "z",
    )
    assert graph["y"].op == "TensorListStack"
    assert graph["y"].attr.int("num_elements") == 4
    assert graph["size"].op == "TensorListLength"


def test_a_growing_array_is_a_growing_list():
    graph, _ = rewritten(
        ARRAY.replace("dynamic_size=false", "dynamic_size=true")
        + "item = Const[dtype=float32, value=float32[3](1.0, 2.0, 3.0)]\n"
        "written = TensorArrayWriteV3[T=float32](array, rows, item, filled)\n"
        "y = TensorArrayReadV3[dtype=float32](array, rows, written)",
        "y",
    )
    assert graph["written"].op == "TensorListSetItem"
    assert graph["written"].attr.bool("resize_if_index_out_of_bounds")
    assert [value.node.name for value in graph["written"].inputs] == ["filled", "rows", "item"]


def test_pieces_of_different_length():
    graph, _ = rewritten(
        ARRAY.replace("element_shape=[3]", "element_shape=[?, 3]").partition("filled =")[0]
        + "lengths = Const[dtype=int64, value=int64[2](1, 3)]\n"
        "split = TensorArraySplitV3[T=float32](array, x, lengths, array:1)\n"
        "y = TensorArrayConcatV3[dtype=float32](array, split)\nz = Identity[T=int64](y:1)",
        "y",
        "z",
    )
    assert (graph["split"].op, graph["y"].op) == ("TensorListSplit", "TensorListConcatV2")
    assert shape_of(graph, "split", 1) == shape_of(graph, "y", 1) == [-1, 3]


def test_the_shape_of_elements_is_that_of_all_that_is_written():
    text = ARRAY.replace(", element_shape=[3]", "") + "y = TensorArrayReadV3[dtype=float32](array, one, filled)"
    recorded = parse_graph("other = Const")
    graph, _ = rewritten(text, "y", shapes=recorded)
    assert shape_of(graph, "y") == [3]
    graph, _ = rewritten(text.replace("shape=[4, 3]", "shape=[*]"), "y", shapes=recorded)
    assert shape_of(graph, "y") == [-1]


LOOP = """
flow = Enter[T=float32, frame_name="loop"](array:1)
handle = Enter[T=resource, frame_name="loop", is_constant=true](array)
merge = Merge[N=2, T=float32](flow, next)
more = LoopCond(test)
test = Placeholder[dtype=bool]
switch = Switch[T=float32](merge, more)
item = Const[dtype=float32](^switch)
written = TensorArrayWriteV3[T=float32](handle, one, item, switch:1)
next = NextIteration[T=float32](written)
exit = Exit[T=float32](switch)
y = TensorArrayReadV3[dtype=float32](array, one, exit)
"""


def test_a_loop_carries_the_list_and_the_handle_is_gone():
    graph, lists = rewritten(ARRAY + LOOP, "y")
    assert not lists.kept
    assert "handle" not in graph
    carriers = [graph[name] for name in ("flow", "merge", "switch", "next", "exit")]
    assert {node.attr.type("T") for node in carriers} == {21}
    assert graph["flow"].inputs == (graph["array"].output(),)


def test_before_1_0_the_flow_begins_with_a_constant():
    text = ARRAY + LOOP + "start = Const[dtype=float32, value=float32[](0.0)]"
    graph, lists = rewritten(text.replace("(array:1)", "(start)").replace(", array:1)", ", start)"), "y")
    assert not lists.kept
    assert graph["flow"].inputs == (graph["array"].output(),)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('y = TensorArrayGradV3[source="g"](array, filled)', "'y' (TensorArrayGradV3) takes its handle"),
        ("y = Neg[T=float32](filled)", "'y' (Neg) takes its flow"),
        (
            "other = TensorArrayWriteV3[T=float32](array, one, x, array:1)\n"
            "sum = TensorArrayReadV3[dtype=float32](array, one, other)\n"
            "y = TensorArrayReadV3[dtype=float32](array, one, filled, ^sum)",
            "write to it side by side",
        ),
        (
            "other = TensorArrayV3[dtype=float32](rows)\np = Placeholder[dtype=bool]\n"
            "one_way = Switch[T=resource](array, p)\nother_way = Switch[T=resource](other, p)\n"
            "either = Merge[T=resource](one_way, other_way:1)\n"
            "y = TensorArrayReadV3[dtype=float32](either, one, filled)",
            "'either' chooses between it and another one",
        ),
        (
            LOOP.replace('frame_name="loop"](array:1)', 'frame_name="loop", is_constant=true](array:1)')
            .replace("Merge[N=2, T=float32](flow, next)", "Identity[T=float32](flow)")
            .replace("exit)", "exit, ^done)")
            + "done = Exit[T=float32](next)",
            "a loop writes to it, but takes its flow as if nothing did",
        ),
        (
            "late = TensorArrayWriteV3[T=float32](array, one, x, filled)\n"
            "y = TensorArrayReadV3[dtype=float32](array, one, filled, ^late)",
            "'late' writes to it, but nothing takes the flow",
        ),
    ],
)
def test_an_array_that_is_more_than_its_flow_stays(more, reason):
    graph, lists = rewritten(ARRAY + more, "y")
    assert [item.name for item in lists.kept][:1] == ["array"]
    assert reason in lists.kept[0].reason
    assert graph["array"].op == "TensorArrayV3"
