"""The text form is read back as what was printed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.errors import GraphError
from compat_saver.graph import Graph, format_graph, parse_graph
from compat_saver.graph.attributes import (
    bool_attr,
    bytes_attr,
    int_attr,
    shape_attr,
    tensor_attr,
    type_attr,
    types_attr,
)
from compat_saver.graph.text import differences, format_attr
from compat_saver.proto.messages import AttrValue

TEXT = """\
x = Placeholder[dtype=float32, shape=[?, 12]]
any = Placeholder[dtype=int64, shape=[*]]
w = VariableV2[container="", dtype=float32_ref, shape=[12, 3]]
y = MatMul[T=float32, transpose_a=false](x, w, ^init) @/device:GPU:0
init = NoOp
c = Const[dtype=int32, value=int32[2](3, -4)]
s = Const[dtype=string, value=string[1]("a\\"b\\x00\\n")]
i = IdentityN[T={float32, int32}, e={}](y, split:1)
split = Split[num_split=2](init, x)
f = PartitionedCall[f=@body, scale=0.5](x)
"""


def test_printing_what_was_read_gives_the_same_text():
    assert format_graph(parse_graph(TEXT)) == TEXT


def test_reading_ignores_comments_and_empty_lines():
    assert len(parse_graph("\n# a comment\n  a = NoOp  \n\n")) == 1


@pytest.mark.parametrize(
    "line",
    ["a", "a = Op[", "a = Op[T=]", "a = Op[T=nosuchtype]", "a = Op(b) c", "a = Op[T=1", "a = Op[v=float32[2](1)]"],
)
def test_an_invalid_line_raises_with_its_number(line):
    with pytest.raises(GraphError, match="Line 2 of the graph text"):
        parse_graph(f"b = NoOp\n{line}")


numbers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
shapes = st.none() | st.lists(st.none() | st.integers(0, 2**40), max_size=4).map(tuple)
floats = st.floats(width=32)
attrs = st.one_of(
    numbers.map(int_attr),
    st.booleans().map(bool_attr),
    st.binary(max_size=20).map(bytes_attr),
    st.sampled_from([1, 3, 7, 20, 101, 107]).map(type_attr),
    st.lists(st.sampled_from([1, 3, 9]), max_size=3).map(types_attr),
    shapes.map(shape_attr),
    floats.map(lambda value: AttrValue(f=value)),
    st.lists(floats, max_size=5).map(lambda items: tensor_attr(np.array(items, np.float32))),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5).map(lambda items: tensor_attr(np.array(items, np.int32))),
    st.lists(st.booleans(), min_size=1, max_size=5).map(lambda items: tensor_attr(np.array(items))),
)


@given(st.dictionaries(st.sampled_from("abc"), attrs))
def test_every_attribute_survives(found):
    graph = Graph()
    graph.add("Op", "node", attrs=found)
    again = parse_graph(format_graph(graph))
    assert {name: format_attr(value) for name, value in again["node"].attrs.items()} == {
        name: format_attr(value) for name, value in found.items()
    }


def test_big_tensors_are_only_described():
    assert format_attr(tensor_attr(np.zeros((5, 5), np.float32))) == "<float32 tensor [5, 5]>"


def test_comparison_names_every_difference():
    found = parse_graph("a = NoOp\nb = Add[T=float32](c, c)\nc = Const\nd = NoOp")
    expected = parse_graph("a = Op(^c) @cpu\nb = Add[T=int32, n=1](c, c:1)\nc = Const\ne = NoOp")
    assert differences(found, expected) == [
        "d is not expected",
        "e is missing",
        "a: op is NoOp, expected Op",
        "a: device is , expected cpu",
        "a: control inputs is [], expected ['c']",
        "b: inputs is ['c:0', 'c:0'], expected ['c:0', 'c:1']",
        "b: attr T is float32, expected int32",
        "b: attr n is absent, expected 1",
    ]
