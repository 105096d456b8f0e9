"""A graph that its ops' definitions do not allow is refused before anything relies on it."""

import pytest

from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.graph.attributes import AttrValue, bytes_attr, int_attr, type_attr
from compat_saver.graph.checks import node_problems
from compat_saver.graph.functions import FUNCTION_EDGES
from compat_saver.graph.ops import known_definitions
from compat_saver.proto.messages import FunctionDef

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
