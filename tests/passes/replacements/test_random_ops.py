"""Random ops draw what the old op drew, as far as that can be."""

import numpy as np
import pytest

from compat_saver.graph import parse_graph
from tests.passes.graphs import (
    in_a_session,
    replaced,
)

# What `tests/golden/cases/_random_draws.py` prints with TensorFlow 0.12.1 and 1.4.1.
CROPS = {(3, 4): (3, 2), (5, 2): (1, 1), (6, 3): (0, 1), (2, 7): (4, 0), (6, 7): (0, 0), (1, 1): (4, 6)}

COUNTS = [[[1, 1], [15, 63]], [[1, 4], [11, 76]], [[0, 3], [8, 68]]]


@pytest.mark.tensorflow
@pytest.mark.parametrize(("number", "size", "place"), [(n, *item) for n, item in enumerate(CROPS.items())])
def test_the_first_crop_is_cut_where_the_release_cut(number, size, place):
    text = f"""
    x = Placeholder[dtype=float32, shape=[*]]
    size = Const[dtype=int64, value=int64[2]{size}]
    y = RandomCrop[T=float32, seed={number + 1}, seed2=5](x, size)
    """
    graph = replaced(text, producer=7)
    image = np.arange(6 * 7 * 2, dtype=np.float32).reshape(6, 7, 2)
    (top, left), (height, width) = place, size
    with in_a_session(graph) as session:
        crop = session.run("y:0", {"x:0": image})
        np.testing.assert_array_equal(crop, image[top : top + height, left : left + width])
        for _ in range(20):  # later ones are drawn anew, and are pieces of the image too
            crop = session.run("y:0", {"x:0": image})
            top, left = int(crop[0, 0, 0]) // 14, int(crop[0, 0, 0]) % 14 // 2
            np.testing.assert_array_equal(crop, image[top : top + height, left : left + width])


@pytest.mark.tensorflow
def test_the_first_counts_are_those_of_the_release():
    text = """
    shape = Const[dtype=int32, value=int32[1](3)]
    rate = Const[dtype=float32, value=float32[2, 2](0.5, 3.0, 12.0, 70.0)]
    y = RandomPoisson[S=int32, dtype=float32, seed=7, seed2=1](shape, rate)
    """
    graph = replaced(text, producer=24)
    with in_a_session(graph) as session:
        assert session.run("y:0").tolist() == COUNTS


@pytest.mark.tensorflow
def test_a_generator_draws_the_same_numbers_and_steps_the_same_state():
    text = """
    state = VarHandleOp[dtype=int64, shape=[4]]
    first = Const[dtype=int64, value=int64[4](1, 5000, -7, 123456789)]
    begin = AssignVariableOp[dtype=int64](state, first)
    shape = Const[dtype=int32, value=int32[2](3, 5)]
    y = StatefulStandardNormal[dtype=float32, shape_dtype=int32](state, shape)
    now = ReadVariableOp[dtype=int64](state, ^y)
    """
    old, new = parse_graph(text, producer=27), replaced(text, producer=27)
    with in_a_session(old) as before, in_a_session(new) as after:
        for session in (before, after):
            session.run("begin")
        for _ in range(3):
            for expected, found in zip(before.run(["y:0", "now:0"]), after.run(["y:0", "now:0"]), strict=True):
                np.testing.assert_array_equal(found, expected)
