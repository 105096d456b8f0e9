"""ResizeNearestNeighbor: which pixels are taken, and where the gradient goes."""

import pytest

from compat_saver.passes.legacy_behavior.resize_nearest_neighbor import LegacyResizeNearestNeighbor
from tests.passes.graphs import (
    apply,
    assert_changes_only_before,
)

NEAREST = """
x = Placeholder[dtype=float32]
size = Placeholder[dtype=int32]
y = ResizeNearestNeighbor[T=float32, align_corners=true](x, size)
"""


def test_unaligned_corners_are_left_unchanged():
    assert apply(LegacyResizeNearestNeighbor(), NEAREST.replace("true", "false"), 17)[1] == []


@pytest.mark.tensorflow
def test_the_gradient_of_resizing_goes_to_the_pixels_that_were_taken():
    import numpy as np
    import tensorflow as tf

    from compat_saver.graph import to_graph_def

    graph, _ = apply(LegacyResizeNearestNeighbor(), NEAREST, 21)
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    image = np.arange(5 * 4, dtype=np.float32).reshape(1, 5, 4, 1)
    weights = np.arange(8 * 3, dtype=np.float32).reshape(1, 8, 3, 1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        y = tf.graph_util.import_graph_def(message, name="", return_elements=["y:0"])[0]
        x = session.graph.get_tensor_by_name("x:0")
        (gradient,) = tf.gradients(y * weights, x)
        found = session.run(gradient, {"x:0": image, "size:0": [8, 3]})
    expected = np.zeros((5, 4), np.float32)
    rows = np.floor(np.arange(8, dtype=np.float32) * np.float32(4 / 7)).astype(int)
    columns = np.floor(np.arange(3, dtype=np.float32) * np.float32(3 / 2)).astype(int)
    np.add.at(expected, (rows[:, None], columns[None, :]), weights[0, :, :, 0])
    np.testing.assert_array_equal(found[0, :, :, 0], expected)


def test_only_graphs_that_are_old_enough_are_changed():
    assert_changes_only_before(LegacyResizeNearestNeighbor, NEAREST, 22)
