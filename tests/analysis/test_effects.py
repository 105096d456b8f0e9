"""What a graph would do outside of itself is found wherever it is, and named."""

import pytest

from compat_saver.analysis.effects import side_effects
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.graph.attributes import AttrValue, bytes_attr
from compat_saver.proto.messages import FunctionDef, SaverDef

WRITES = """
x = Placeholder[dtype=string]
name = Const[dtype=string, value=string[]("log.txt")]
copy = Identity[T=string](name)
w = WriteFile(copy, x)
y = Identity[T=string](x, ^w)
"""


def find(graph, needed=(), saver=None):
    return [str(item) for item in side_effects(graph, OpCatalog.of(graph), needed, saver)]


def test_a_file_is_named():
    graph = parse_graph(WRITES)
    (found,) = side_effects(graph, OpCatalog.of(graph), {"w"}, None)
    assert str(found) == "WriteFile 'w' writes a file and makes its directories: 'log.txt'"
    assert found.needed
    assert found.to_dict() == {
        "op": "WriteFile",
        "node": "w",
        "kind": "writes",
        "does": "writes a file and makes its directories",
        "names": ["log.txt"],
        "needed": True,
    }


def test_what_nothing_needs_is_found_too():
    graph = parse_graph(WRITES)
    assert [item.needed for item in side_effects(graph, OpCatalog.of(graph), (), None)] == [False]


@pytest.mark.parametrize(
    "name",
    [
        "Placeholder[dtype=string]",  # computed
        "Const[dtype=float32, value=float32[](1)]",  # of another type
    ],
)
def test_a_name_that_is_unknown_reaches_anything(name):
    assert find(parse_graph(f"name = {name}\nf = ReadFile(name)")) == ["ReadFile 'f' reads a file"]


def test_a_damaged_name_reaches_anything():
    graph = parse_graph('name = Const[dtype=string, value=string[]("f")]\nf = ReadFile(name)')
    graph["name"].attrs["value"].tensor.tensor_shape.dim.add(size=-2)
    assert find(graph) == ["ReadFile 'f' reads a file"]


def test_an_input_that_is_missing():
    assert find(parse_graph("f = ReadFile")) == ["ReadFile 'f' reads a file"]


def test_attributes_decide():
    graph = parse_graph(
        "x = Placeholder[dtype=float32]\na = DebugIdentity[T=float32](x)\nb = PrintV2(x)\nc = PrintV2(x)"
    )
    assert find(graph) == []  # the defaults of the attributes: no URL, and stderr
    graph["a"].attrs["debug_urls"] = AttrValue(list=AttrValue.ListValue(s=[b"file:///d", b"grpc://host"]))
    graph["b"].attrs["output_stream"] = bytes_attr("file:///p")
    graph["c"].attrs["output_stream"] = bytes_attr("stdout")
    assert find(graph) == [
        "DebugIdentity 'a' sends a tensor to debug URLs: files or servers: 'file:///d', 'grpc://host'",
        "PrintV2 'b' appends to the file that its output_stream names: 'file:///p'",
    ]


def test_an_attribute_without_a_default_that_is_missing():
    assert find(parse_graph("x = Placeholder[dtype=float32]\nd = DumpTensor[T=float32](x)")) == [
        "DumpTensor 'd' writes a tensor to a file"
    ]


def library(graph, *functions):
    graph.functions = {item.signature.name: item for item in functions}
    return graph


def writer(name="Writes"):
    function = FunctionDef()
    function.signature.name = name
    function.node_def.add(name="n", op="Const").attr["value"].tensor.CopyFrom(
        parse_graph('n = Const[dtype=string, value=string[]("in.txt")]')["n"].attrs["value"].tensor
    )
    function.node_def[0].attr["dtype"].type = 7
    function.node_def.add(name="w", op="WriteFile", input=["n:output:0", "n:output:0"])
    return function


def test_functions_are_searched():
    graph = library(parse_graph("call = Writes\nother = NoOp"), writer())
    assert find(graph) == ["WriteFile 'Writes/w' writes a file and makes its directories: 'in.txt'"]
    needed = [side_effects(graph, OpCatalog.of(graph), names, None)[0].needed for names in ({"call"}, {"other"})]
    assert needed == [True, False]


def test_a_body_that_cannot_be_read_is_searched_node_by_node():
    function = writer()
    function.node_def.add(name="strange", op="NoSuchOp")
    assert find(library(parse_graph("call = Writes"), function)) == [
        "WriteFile 'Writes/w' writes a file and makes its directories"
    ]


def test_functions_of_tensorflow_0_12_are_searched():
    inner, outer = FunctionDef(), FunctionDef()
    inner.signature.name, outer.signature.name = "Inner", "Outer"
    inner.node.add(ret=["w"], op="Abort")
    outer.node.add(ret=["call"], op="Inner")
    graph = library(parse_graph("call = Outer"), inner, outer)
    (found,) = side_effects(graph, OpCatalog.of(graph), {"call"}, None)
    assert (str(found), found.needed) == ("Abort 'Inner/w' ends the process", True)


SAVER = """
file = Const[dtype=string, value=string[]("model")]
names = Const[dtype=string, value=string[1]("w")]
slices = Const[dtype=string, value=string[1]("")]
w = VariableV2[dtype=float32, shape=[]]
save = SaveV2(file, names, slices, w)
done = Identity[T=string](file, ^save)
restore = RestoreV2(file, names, slices)
assign = Assign[T=float32](w, restore)
all = NoOp(^assign)
elsewhere = Const[dtype=string, value=string[]("/other")]
other = RestoreV2(elsewhere, names, slices)
"""


def test_what_a_saver_does_for_its_caller_is_not_listed():
    saver = SaverDef(filename_tensor_name="file:0", save_tensor_name="done:0", restore_op_name="all")
    graph = parse_graph(SAVER)
    assert find(graph, saver=saver) == ["RestoreV2 'other' reads a checkpoint: '/other'"]
    assert len(find(graph, {"save"}, saver)) == 2  # an output depends on saving
    assert len(find(graph)) == 3
