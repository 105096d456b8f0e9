"""A graph that its ops' definitions do not allow is refused before anything relies on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes, integer_dtypes

from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.graph.attributes import AttrValue, bytes_attr, int_attr, type_attr
from compat_saver.graph.checks import node_problems
from compat_saver.graph.functions import FUNCTION_EDGES
from compat_saver.graph.ops import known_definitions
from compat_saver.proto.messages import FunctionDef, TensorProto
from compat_saver.proto.tensors import from_array, problem_of_size

GRAPH = """
x = Placeholder[dtype=float32, shape=[?, 2]]
s = Const[dtype=string, value=string[]("text")]
y = Neg[T=float32](x)
"""


def found(graph):
    return list(node_problems(graph, OpCatalog.of(graph)))


def test_a_graph_as_it_should_be():
    assert found(parse_graph(GRAPH)) == []


@pytest.mark.parametrize(
    ("attr", "says"),
    [
        (type_attr(0), "attribute 'dtype': expected a type, found number 0."),
        (type_attr(1077), "attribute 'dtype': expected a type, found number 1077."),
        (int_attr(1), "attribute 'dtype': expected type, found i."),
        (AttrValue(), "attribute 'dtype': expected type, found nothing."),
    ],
)
def test_a_type_that_is_none(attr, says):
    graph = parse_graph("x = Placeholder[dtype=float32, shape=[?, 2]]")
    graph["x"].attrs["dtype"] = attr
    (problem,) = node_problems(graph, OpCatalog.of(graph))
    assert problem.startswith("Node 'x' (Placeholder)")
    assert problem.endswith(says)


def test_a_list_of_types():
    graph = parse_graph("x = Placeholder[dtype=float32, shape=[?, 2]]")
    node = graph.add("IdentityN", "n", [graph.value("x")], {"T": AttrValue(list=AttrValue.ListValue(type=[1]))})
    assert found(graph) == []
    node.attrs["T"] = AttrValue(list=AttrValue.ListValue(type=[1, 99]))
    assert found(graph) == [
        "Node 'n' (IdentityN): attribute 'T': expected a type, found number 99.",
        "Node 'n' (IdentityN): expected 2 inputs, found 1.",
    ]


def test_what_is_missing_and_has_no_default():
    graph = parse_graph(GRAPH)
    del graph["y"].attrs["T"], graph["x"].attrs["shape"]
    assert found(graph) == ["Node 'y' (Neg): attribute 'T': expected type, found none."]


def test_a_type_that_the_op_does_not_take():
    graph = parse_graph(GRAPH)
    graph["y"].attrs["T"] = type_attr(7)
    assert found(graph) == ["Node 'y' (Neg): attribute 'T': expected a type that the op takes, found string."]


DAMAGED = {
    "another kind": lambda attr: bytes_attr("x") if attr.type == "int" else int_attr(3),
    "nothing": lambda attr: AttrValue(),
    "missing": lambda attr: None,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_every_attribute_of_every_op_is_checked(damage):
    """One node for each attribute, whose other attributes are missing as well."""
    for op, definition in known_definitions().items():
        for attr in definition.attr:
            graph = parse_graph("")
            value = damage(attr)
            graph.add(op, "n", [], {} if value is None else {attr.name: value})
            is_named = any(f"attribute '{attr.name}': expected {attr.type}, " in item for item in found(graph))
            is_refused = value is not None or not attr.HasField("default_value")
            assert is_named == (is_refused and op not in FUNCTION_EDGES), (op, attr.name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("n = Neg[T=float32](x, x)", "expected 1 input, found 2"),
        ("n = AddN[T=float32, N=3](x, x)", "expected 3 inputs, found 2"),
        ("n = AddN[T=float32, N=1](x, x)", "expected 1 input, found 2"),
    ],
)
def test_as_many_inputs_as_the_attributes_say(line, expected):
    (problem,) = found(parse_graph(f"{GRAPH}\n{line}"))
    assert problem == f"Node 'n' ({line.split()[2].partition('[')[0]}): {expected}."


def test_fewer_inputs_than_the_op_always_takes():
    graph = parse_graph(GRAPH)
    graph["y"].set_inputs([])
    graph.add("AddN", "any", [], {"N": int_attr(0), "T": type_attr(1)})
    assert found(graph) == ["Node 'y' (Neg): expected 1 input, found 0."]


@pytest.mark.parametrize(
    ("content", "shape", "says"),
    [
        (b"1234" * 6, [2, 3], None),
        (b"1234" * 5, [2, 3], "24 bytes, found 20"),
        (b"1234" * 7, [2, 3], "24 bytes, found 28"),
        (b"1234" * 6, [2, -1], "known sizes, found unknown ones"),
        (b"1234" * 6, [1 << 40, 1 << 40], f"{1 << 82} bytes, found 24"),
    ],
)
def test_a_constant_has_the_bytes_of_its_shape(content, shape, says):
    graph = parse_graph("c = Const[dtype=float32, value=float32[](1)]")
    graph["c"].attrs["value"].tensor.CopyFrom(
        TensorProto(dtype=1, tensor_shape={"dim": [{"size": size} for size in shape]}, tensor_content=content)
    )
    assert found(graph) == ([] if says is None else [f"Node 'c' (Const): attribute 'value': expected {says}."])


@given(arrays(integer_dtypes() | floating_dtypes(), array_shapes(min_dims=0, min_side=0)), st.booleans())
def test_what_an_array_becomes_is_as_large_as_its_shape_says(array, has_version):
    message = from_array(array)
    message.version_number = int(has_version)
    assert problem_of_size(message) == ""
    if message.tensor_content:
        message.tensor_content += b"1"
        assert problem_of_size(message) == f"{array.nbytes} bytes, found {array.nbytes + 1}"


def test_what_nothing_defines_is_not_checked():
    assert found(parse_graph("x = NoSuchOp\ny = Neg[T=float32](x)\nz = NoSuchOp(y, y)")) == []


def test_functions_are_checked_and_may_take_attributes_of_their_caller():
    graph = parse_graph(GRAPH)
    function = FunctionDef()
    function.signature.name = "f"
    function.node_def.add(name="n", op="Neg", input=["x", "^y"]).attr["T"].placeholder = "T"
    graph.functions = {"f": function}
    assert list(node_problems(graph, OpCatalog.of(graph))) == []
    function.node_def[0].attr["T"].type = 0
    (problem,) = node_problems(graph, OpCatalog.of(graph))
    assert problem == "Node 'f/n' (Neg): attribute 'T': expected a type, found number 0."
    function.node_def[0].attr["T"].type = 1
    del function.node_def[0].input[0]
    assert found(graph) == ["Node 'f/n' (Neg): expected 1 input, found 0."]
