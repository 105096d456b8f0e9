import pytest

from compat_saver.proto.messages import GraphDef, NodeDef, SaverDef
from compat_saver.proto.recognize import Recognized, recognize
from compat_saver.proto.wire import FIXED32, LENGTH, VARINT, Field, WireError, fields


def test_fields_of_a_message():
    data = SaverDef(restore_op_name="abc", max_to_keep=300, keep_checkpoint_every_n_hours=1.0).SerializeToString()
    assert list(fields(data)) == [
        Field(3, LENGTH, 0, 2, 5),
        Field(4, VARINT, 5, 6, 8),
        Field(6, FIXED32, 8, 9, 13),
    ]
    assert data[2:5] == b"abc"


def test_a_field_that_is_cut_short_claims_its_end():
    assert list(fields(b"\x0a\x64abc")) == [Field(1, LENGTH, 0, 2, 102)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x00", "field number 0"),
        (b"\x0b", "wire type 3 in field 1"),
        (b"\x0a", "a number that is cut short"),
        (b"\x08" + b"\xff" * 11, "a number of more than ten bytes"),
    ],
)
def test_bytes_that_are_no_message(data, says):
    with pytest.raises(WireError, match=says):
        list(fields(data))


def test_a_large_graph_is_recognised_by_its_first_node():
    graph = GraphDef(node=[NodeDef(name=f"n{i}", op="NoOp") for i in range(1000)])
    assert recognize(graph.SerializeToString()) == Recognized("GraphDef", is_text=False)


@pytest.mark.parametrize(
    "op", ["Const", "tfx_bsl>Op", "__inference_f_12", "my.Function"], ids=["core", "namespaced", "function", "dotted"]
)
def test_any_op_name_makes_a_node(op):
    data = GraphDef(node=[NodeDef(name="scope/a-b.c", op=op)]).SerializeToString()
    assert recognize(data) == Recognized("GraphDef", is_text=False)


@pytest.mark.parametrize("data", [b"", b"\x08\x03", b"\xff" * 20, b"\x0a\x03abc", b"nodes: 3", b"a { }"])
def test_the_unknown_stays_unknown(data):
    assert recognize(data) is None
