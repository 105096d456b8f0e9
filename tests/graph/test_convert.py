"""GraphDef -> IR -> GraphDef is the same GraphDef."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import from_graph_def, parse_graph, to_graph_def
from compat_saver.proto.messages import GraphDef


def test_round_trip():
    message = GraphDef()
    message.versions.producer = 21
    message.versions.min_consumer = 12
    message.node.add(name="b", op="Add", input=["a", "a:1", "^c"], device="/cpu:0").attr["T"].type = 1
    message.node.add(name="a", op="Split", input=["^c"])
    message.node.add(name="c", op="NoOp")
    function = message.library.function.add()
    function.signature.name = "body"
    message.library.gradient.add(function_name="body", gradient_func="body_grad")
    assert to_graph_def(from_graph_def(message)) == message


def test_before_0_6_the_producer_was_stored_in_version():
    assert from_graph_def(GraphDef(version=8)).producer == 8


@pytest.mark.parametrize(
    ("nodes", "complaint"),
    [
        ([("a", ["nope"])], "'nope', which is not in the graph"),
        ([("abcd", []), ("b", ["abce"])], "did you mean 'abcd'"),
        ([("a", []), ("a", [])], "Two nodes have the name 'a'"),
        ([("", [])], "has no name"),
        ([("a", []), ("b", ["^a", "a"])], "after a control input"),
        ([("a", []), ("b", ["a:x"])], "a port must be a number"),
    ],
)
def test_a_graph_that_contradicts_itself_raises(nodes, complaint):
    message = GraphDef()
    for name, inputs in nodes:
        message.node.add(name=name, op="Op", input=inputs)
    with pytest.raises(GraphError, match=complaint):
        from_graph_def(message)


def test_a_loop_is_kept():
    graph = parse_graph("c = Const\nenter = Enter(c)\nmerge = Merge(enter, next)\nnext = NextIteration(merge)")
    again = from_graph_def(to_graph_def(graph))
    assert again["merge"].inputs[1].node is again["next"]
