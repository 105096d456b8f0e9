"""Bodies of functions, cut out of a graph."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.saved_model.bodies import Body, Cutter
from compat_saver.saved_model.contents import Asset, Endpoint, Table, Variable

FLOAT, STRING, RESOURCE = 1, 7, 20
CATALOG = OpCatalog()


def cut(text, roots, inputs=None, resources=()):
    body, captures = Cutter(parse_graph(text), resources).cut(roots, inputs)
    return body, captures


def function(text, root, inputs=None, resources=(), effects=()):
    body, captures = cut(text, [root, *effects], inputs, resources)
    nodes = [body.graph[name] for name in effects]
    return body.function("f", [(body.graph[root].output(), FLOAT)], nodes, CATALOG), captures


def lines(message):
    return {f"{node.name} = {node.op}({', '.join(node.input)})" for node in message.node_def}


DENSE = """
x = Placeholder[dtype=float32, shape=[?, 2]]
w = VarHandleOp[dtype=float32, shape=[2, 3]]
other = VarHandleOp[dtype=float32, shape=[4]]
read = ReadVariableOp[dtype=float32](w, ^x, ^w)
y = MatMul[T=float32](x, read)
loss = Neg[T=float32](y)
"""
W, OTHER = Variable("w", FLOAT, (2, 3), True), Variable("other", FLOAT, (4,), True)
X = {"x": Endpoint("x", FLOAT, (None, 2))}


def test_inputs_and_needed_variables_become_arguments_and_nothing_waits_for_them():
    message, captures = function(DENSE, "y", X, (OTHER, W))
    assert lines(message) == {"read = ReadVariableOp(w)", "y = MatMul(x, read:value:0)"}
    assert captures == (W,)
    assert [(arg.name, arg.type) for arg in message.signature.input_arg] == [("x", FLOAT), ("w", RESOURCE)]
    assert dict(message.ret) == {"output_0": "y:product:0"}
    assert message.signature.is_stateful


def test_arguments_carry_shapes_and_the_names_of_keys():
    message, _ = function(DENSE, "y", X, (W,))
    handle = message.signature.input_arg[1].handle_data[0]
    assert (handle.dtype, [dim.size for dim in handle.shape.dim]) == (FLOAT, [2, 3])
    shapes = [[dim.size for dim in shape.dim] for shape in message.attr["_input_shapes"].list.shape]
    assert shapes == [[-1, 2], []]
    assert [message.arg_attr[index].attr["_user_specified_name"].s for index in range(2)] == [b"x", b"w"]


def test_what_is_read_through_an_argument_has_its_shape():
    """TensorFlow infers shapes before it knows what a handle leads to."""
    message, _ = function(DENSE, "y", X, (W,))
    shapes = {
        node.name: [list(item.dim) for item in node.attr["_output_shapes"].list.shape] for node in message.node_def
    }
    assert [[dim.size for dim in shape] for shape in shapes["read"]] == [[2, 3]]
    assert shapes["y"] == []


def test_captures_come_in_the_order_of_the_model_not_of_use():
    text = DENSE + "more = ReadVariableOp[dtype=float32](other)\nz = AddN[N=2, T=float32](y, more)"
    assert function(text, "z", X, (OTHER, W))[1] == (OTHER, W)
    assert function(text, "z", X, (W, OTHER))[1] == (W, OTHER)


def test_an_input_that_nothing_needs_stays_an_argument():
    message, _ = function(DENSE, "read", X, (W,))
    assert [arg.name for arg in message.signature.input_arg] == ["x", "w"]


def test_a_node_that_is_fed_is_not_computed():
    message, captures = function(DENSE, "loss", {"product": Endpoint("y", FLOAT, None)}, (W,))
    assert lines(message) == {"loss = Neg(product)"}
    assert captures == ()
    assert not message.signature.is_stateful


@pytest.mark.parametrize(
    ("key", "expected"),
    [("Image", "image"), ("_0_a", "a"), ("9", "unknown"), ("a.b/c", "a_b_c"), ("neg", "neg_1")],
)
def test_arguments_get_free_names_in_lower_case(key, expected):
    text = "x = Placeholder[dtype=float32]\nneg = Neg[T=float32](x)"
    message, _ = function(text, "neg", {key: Endpoint("x", FLOAT, None)})
    assert message.signature.input_arg[0].name == expected
    assert message.node_def[0].input == [expected]
    assert message.arg_attr[0].attr["_user_specified_name"].s == key.encode()


def test_all_nodes_of_a_table_are_one_argument_and_its_maker_is_not_given_to_itself():
    text = """
    t = HashTableV2[key_dtype=string, value_dtype=float32]
    u = HashTableV2[key_dtype=string, value_dtype=float32]
    k = Const[dtype=string, value=string[]("a")]
    d = Const[dtype=float32, value=float32[](0.0)]
    a = LookupTableFindV2[Tin=string, Tout=float32](t, k, d)
    b = LookupTableFindV2[Tin=string, Tout=float32](u, k, a)
    """
    table = Table("t", ("t", "u"), STRING, FLOAT)
    message, captures = function(text, "b", resources=(table,))
    assert captures == (table,)
    assert "b = LookupTableFindV2(t, k:output:0, a:values:0)" in lines(message)
    assert "a = LookupTableFindV2(t, k:output:0, d:output:0)" in lines(message)
    body, captures = cut(text, ["t"], resources=(table,))
    assert [node.name for node in body.graph] == ["t"]
    assert captures == ()


def test_the_path_of_a_file_is_an_argument():
    text = "p = Placeholder[dtype=string, shape=[]]\nr = ReadFile(p)"
    body, captures = cut(text, ["r"], resources=(asset := Asset("p", "words.txt"),))
    assert captures == (asset,)
    (argument,) = body.arguments.values()
    assert (argument.dtype, argument.shape) == (STRING, ())


def test_recorded_shapes_of_nodes_are_left_out_and_the_graph_stays_as_it_was():
    graph = parse_graph("x = Placeholder[dtype=float32]\ny = Neg[T=float32, _output_shapes={[3]}](x)")
    body, _ = Cutter(graph, ()).cut(["y"], {"x": Endpoint("x", FLOAT, None)})
    assert "_output_shapes" not in body.graph["y"].attrs
    assert "_output_shapes" in graph["y"].attrs


def test_a_loop_stays_a_loop():
    text = """
    x = Placeholder[dtype=float32]
    enter = Enter[T=float32, frame_name="f"](x)
    merge = Merge[T=float32, N=2](enter, next)
    next = NextIteration[T=float32](merge)
    """
    message, _ = function(text, "merge", {"x": Endpoint("x", FLOAT, None)})
    assert "merge = Merge(enter:output:0, next:output:0)" in lines(message)


def test_what_takes_a_result_of_a_stateful_call_waits_for_the_call():
    text = """
    x = Placeholder[dtype=float32, shape=[]]
    call = StatefulPartitionedCall[Tin={float32}, Tout={float32}, f=@g](x)
    pure = PartitionedCall[Tin={float32}, Tout={float32}, f=@g](call)
    merged = Merge[N=2, T=float32](call, pure)
    y = Neg[T=float32](merged)
    """
    message, _ = function(text, "y", {"x": Endpoint("x", FLOAT, ())})
    assert lines(message) == {
        "call = StatefulPartitionedCall(x)",
        "pure = PartitionedCall(call:output:0, ^call)",
        "merged = Merge(call:output:0, pure:output:0)",
        "y = Neg(merged:output:0)",
    }


def test_effects_are_control_outputs():
    text = DENSE + "set = AssignVariableOp[dtype=float32](w, read)"
    message, _ = function(text, "y", X, (W,), ["set"])
    assert list(message.signature.control_output) == ["set"]
    assert dict(message.control_ret) == {"set": "set"}


def test_several_results_are_returned_in_order():
    body, _ = cut(DENSE, ["y", "loss"], X, (W,))
    results = [(body.graph[name].output(), FLOAT) for name in ("loss", "y")]
    message = body.function("f", results, (), CATALOG)
    assert dict(message.ret) == {"output_0": "loss:y:0", "output_1": "y:product:0"}


def test_an_op_that_nobody_defines():
    body = Body()
    strange = body.graph.add("NoSuchOp", "n")
    with pytest.raises(GraphError, match="NoSuchOp"):
        body.function("f", [(strange.output(), FLOAT)], (), CATALOG)
