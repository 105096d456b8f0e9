"""What handles lead to, in functions that other functions call."""

import numpy as np
import pytest

from compat_saver.bundle import BundleWriter
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saved_model import Contents, Endpoint, SavedSignature, Variable, make_saved_model, variable_key
from compat_saver.saved_model.bodies import RESOURCE, Cutter

FLOAT = 1
CALL = "Tin={float32, resource}, Tout={float32}"
SCALE = """
x = Placeholder[dtype=float32, shape=[*]]
handle = Placeholder[dtype=resource, shape=[]]
read = ReadVariableOp[dtype=float32](handle)
y = Mul[T=float32](x, read)
"""
SAME = """
x = Placeholder[dtype=float32, shape=[*]]
handle = Placeholder[dtype=resource, shape=[]]
y = Identity[T=float32](x)
"""
BRANCH = f"""
x = Placeholder[dtype=float32, shape=[*]]
handle = Placeholder[dtype=resource, shape=[]]
yes = Const[dtype=bool, value=bool[](true)]
y = If[Tcond=bool, {CALL}, then_branch=@scale, else_branch=@same](yes, x, handle)
"""
MODEL = f"""
x = Placeholder[dtype=float32, shape=[?]]
w = VarHandleOp[dtype=float32, shape=[2], shared_name="w"]
v = VarHandleOp[dtype=float32, shape=[3], shared_name="v"]
first = StatefulPartitionedCall[{CALL}, f=@branch](x, w)
y = Identity[T=float32](first)
second = StatefulPartitionedCall[{CALL}, f=@branch](x, v)
"""


def function(name, text):
    inputs = {"x": Endpoint("x", FLOAT, None), "handle": Endpoint("handle", RESOURCE, ())}
    body, _ = Cutter(parse_graph(text), ()).cut(["y"], inputs)
    last = body.graph["y"]
    return body.function(name, [(last.output(), FLOAT)], [last], OpCatalog())


def model(*outputs):
    graph = parse_graph(MODEL, 2474)
    texts = {"scale": SCALE, "same": SAME, "branch": BRANCH}
    graph.functions = {name: function(name, text) for name, text in texts.items()}
    ends = {name: Endpoint(name, FLOAT, None) for name in outputs}
    signature = SavedSignature("serving_default", {"x": Endpoint("x", FLOAT, (None,))}, ends)
    variables = [Variable(name, FLOAT, (size,), True) for name, size in (("w", 2), ("v", 3))]
    return Contents(graph, (signature,), tuple(variables[: len(outputs)]))


def recorded(contents):
    """Returns function -> what its `handle` leads to, dtype and shape."""
    library = make_saved_model(contents).message.meta_graphs[0].graph_def.library.function
    handles = {item.signature.name: item.signature.input_arg[1].handle_data for item in library}
    return {
        name: [(item.dtype, None if item.shape.unknown_rank else [dim.size for dim in item.shape.dim]) for item in data]
        for name, data in handles.items()
        if name in contents.library
    }


def test_functions_know_the_variables_that_they_are_given():
    contents = model("first")
    assert recorded(contents) == {name: [(FLOAT, [2])] for name in ("scale", "same", "branch")}
    assert not contents.library["scale"].signature.input_arg[1].handle_data


def test_variables_of_several_shapes_are_one_of_unknown_shape():
    assert recorded(model("first", "second")) == {name: [(FLOAT, None)] for name in ("scale", "same", "branch")}


@pytest.fixture
def loaded(tmp_path):
    import tensorflow as tf

    parts = make_saved_model(model("y"))
    with BundleWriter(tmp_path / "variables" / "variables") as writer:
        writer.add(OBJECT_GRAPH_KEY, np.array(parts.checkpoint_objects, dtype=object))
        writer.add(variable_key("w"), np.float32([3, 4]))
    (tmp_path / "saved_model.pb").write_bytes(parts.message.SerializeToString())
    return tf.saved_model.load(str(tmp_path))


def test_gradients_go_through_functions(loaded):
    """The gradient of a branch that does not read a variable is made of what is known of its handle."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        y = loaded.signatures["serving_default"](x=tf.constant([5.0, 6.0]))["y"]
    np.testing.assert_array_equal(y, [15, 24])
    np.testing.assert_array_equal(tape.gradient(y, loaded.weights["w"]), [5, 6])
