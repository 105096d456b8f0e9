"""GatherTree: beams of any length, wrong parents, and its place in a loop."""

import numpy as np
import pytest

from compat_saver.graph import from_graph_def
from compat_saver.passes import run_passes
from compat_saver.passes.replacements.gather_tree import GatherTree
from compat_saver.proto.messages import GraphDef
from tests.passes.graphs import apply, in_a_function

END = 2

TREE = """
    step_ids = Placeholder[dtype=int32, shape=[*]]
    parent_ids = Placeholder[dtype=int32, shape=[*]]
    lengths = Placeholder[dtype=int32, shape=[*]]
    end = Const[dtype=int32, value=int32[](2)]
    y = Addons>GatherTree[T=int32](step_ids, parent_ids, lengths, end)
"""


def _beams(step_ids: np.ndarray, parent_ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """What the op is documented to compute, step by step."""
    beams = np.full_like(step_ids, END)
    for batch, beam in np.ndindex(step_ids.shape[1:]):
        parent = beam
        for step in reversed(range(min(lengths[batch], len(step_ids)))):
            beams[step, batch, beam] = step_ids[step, batch, parent]
            parent = parent_ids[step, batch, parent]
        ends = np.flatnonzero(beams[:, batch, beam] == END)
        beams[ends[0] if len(ends) else len(beams) :, batch, beam] = END
    return beams


def _search(steps: int, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    drawn = [generator.integers(0, high, (steps, 3, 4)) for high in (9, 4)] + [generator.integers(0, steps + 2, 3)]
    return [array.astype(np.int32) for array in drawn]


@pytest.mark.tensorflow
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 64, 65])
def test_beams_are_followed_through_any_number_of_steps(steps):
    graph, _ = apply(GatherTree(), TREE)
    search = _search(steps)
    found = in_a_function(graph, dict(zip(("step_ids:0", "parent_ids:0", "lengths:0"), search, strict=True)))
    np.testing.assert_array_equal(found, _beams(*search))


@pytest.mark.tensorflow
def test_a_missing_parent_is_an_error_only_where_a_beam_reaches_it():
    import tensorflow as tf

    graph, _ = apply(GatherTree(), TREE)
    step_ids = np.zeros((3, 1, 2), np.int32)
    parent_ids = np.array([[[7, -7]], [[0, 0]], [[0, 0]]], np.int32)  # the parents of the first step are not used
    feeds = {"step_ids:0": step_ids, "parent_ids:0": parent_ids, "lengths:0": np.array([3], np.int32)}
    in_a_function(graph, feeds)
    for wrong in (-1, 2):
        parent_ids[1, 0, 0] = wrong
        with pytest.raises(tf.errors.InvalidArgumentError):
            in_a_function(graph, feeds)


@pytest.mark.tensorflow
def test_beams_are_followed_inside_a_v1_while_loop():
    import tensorflow as tf

    names = ("step_ids", "parent_ids", "lengths")
    with tf.Graph().as_default() as made:
        inputs = [tf.compat.v1.placeholder(tf.int32, name=name) for name in names]
        tf.compat.v1.disable_control_flow_v2()
        _, beams = tf.compat.v1.while_loop(
            lambda count, _: count < 2,
            lambda count, ids: (count + 1, tf.add_n([ids, *inputs[1:], count * 0 + END], name="tree")),
            [tf.constant(0), inputs[0]],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape(None)],
        )
        tf.compat.v1.enable_control_flow_v2()
        tf.identity(beams, name="y")
    # Today's TensorFlow makes no GatherTree, so another op takes its place until the graph has been read.
    graph = from_graph_def(GraphDef.FromString(made.as_graph_def().SerializeToString()))
    (tree,) = (node for node in graph if node.op == "AddN")
    tree.op = "GatherTree"
    del tree.attrs["N"]
    run_passes([GatherTree()], graph)
    search = _search(7, seed=1)
    found = in_a_function(graph, {f"{name}:0": array for name, array in zip(names, search, strict=True)})
    np.testing.assert_array_equal(found, _beams(_beams(*search), *search[1:]))
