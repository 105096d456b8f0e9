"""Large constants of the reference run are fed; TensorFlow decodes them."""

import numpy as np
import pytest

import compat_saver
from compat_saver.graph import Graph, to_graph_def
from compat_saver.graph.attributes import shape_attr, tensor_attr, type_attr
from compat_saver.legacy_session import import_graph
from compat_saver.migration.verification.large_constants import feed_large_constants

pytestmark = pytest.mark.tensorflow

SIDE = 600
WEIGHTS = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)


def constant(graph, name, array, **more):
    attrs = {"dtype": type_attr(1 if array.dtype == np.float32 else 3), "value": tensor_attr(array)}
    return graph.add("Const", name, attrs=attrs, **more).output()


def doubling(array):
    graph = Graph()
    value = constant(graph, "w", array)
    graph.add("Add", "y", [value, value], attrs={"T": type_attr(1 if array.dtype == np.float32 else 3)})
    return graph


def computed(graph, fed):
    import tensorflow as tf

    with tf.compat.v1.Session(graph=import_graph(graph)) as session:
        return session.run("y:0", fed)


def test_a_large_constant_is_fed():
    graph = doubling(WEIGHTS)
    fed = feed_large_constants(graph)
    assert (graph["w"].op, [*fed]) == ("Placeholder", ["w:0"])
    np.testing.assert_array_equal(computed(graph, fed), computed(doubling(WEIGHTS), {}))


@pytest.mark.parametrize("array", [WEIGHTS[:9], np.zeros((SIDE, SIDE), np.int32)], ids=["small", "integers"])
def test_what_shape_functions_may_want_to_know_is_kept(array):
    graph = doubling(array)
    assert feed_large_constants(graph) == {}
    assert graph["w"].op == "Const"


def test_what_lies_in_a_branch_is_kept():
    graph = Graph()
    pivot = graph.add("NoOp", "pivot")
    constant(graph, "w", WEIGHTS, control_inputs=[pivot])
    assert feed_large_constants(graph) == {}


def test_a_frozen_model_is_verified(tmp_path):
    graph = Graph()
    x = graph.add("Placeholder", "x", attrs={"dtype": type_attr(1), "shape": shape_attr((None, SIDE))}).output()
    product = graph.add("MatMul", "m", [x, constant(graph, "w", WEIGHTS)], attrs={"T": type_attr(1)}).output()
    graph.add("Tanh", "y", [product], attrs={"T": type_attr(1)})
    (tmp_path / "frozen.pb").write_bytes(to_graph_def(graph).SerializeToString())
    report = compat_saver.migrate(tmp_path / "frozen.pb", tmp_path / "out")
    assert (report.status, [weight.name for weight in report.weights]) == ("passed", ["w"])
