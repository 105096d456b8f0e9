"""Buckets at their boundaries, and comparisons packed into bytes; the golden cases hold them against TensorFlow 1."""

import numpy as np
import pytest

from tests.passes.graphs import rewritten

BOUNDARIES = [-1.0, 0.0, 2.5]
VALUES = np.array([-9, -1, -0.5, 0, 2.5, 2.6], np.float32)


@pytest.mark.tensorflow
def test_a_bucket_starts_with_its_boundary_or_ends_with_it():
    text = """
    x = Placeholder[dtype=float32, shape=[*]]
    boundaries = Const[dtype=float32, value=float32[3](-1.0, 0.0, 2.5)]
    starts = BucketizeWithInputBoundaries[T=float32](x, boundaries)
    ends = BoostedTreesBucketize[num_features=1](x, boundaries)
    """
    starts, ends = rewritten(text, ("starts:0", "ends:0"))(VALUES)
    np.testing.assert_array_equal(starts, np.searchsorted(BOUNDARIES, VALUES, "right"))
    np.testing.assert_array_equal(ends, np.minimum(np.searchsorted(BOUNDARIES, VALUES, "left"), 2))


@pytest.mark.tensorflow
def test_the_boundaries_of_integers_are_cut_toward_zero():
    text = """
    x = Placeholder[dtype=int64, shape=[*]]
    boundaries = Const[dtype=float32, value=float32[2](-1.5, 2.5)]
    y = BucketizeWithInputBoundaries[T=int64](x, boundaries)
    """
    (found,) = rewritten(text)(np.array([-2, -1, 1, 2], np.int64))
    assert found.numpy().tolist() == [0, 1, 1, 2]


@pytest.mark.tensorflow
def test_without_boundaries_everything_is_in_the_first_bucket():
    text = """
    x = Placeholder[dtype=float32, shape=[*]]
    boundaries = Const[dtype=float32, value=float32[0]()]
    y = BoostedTreesBucketize[num_features=1](x, boundaries)
    """
    (found,) = rewritten(text)(VALUES)
    assert not np.any(found)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("dtype", "threshold", "shape"), [("float32", "1.0", (3, 16)), ("bool", "true", (2, 2, 8)), ("int32", "1", (8,))]
)
def test_the_first_comparison_is_the_highest_bit(dtype, threshold, shape):
    generator = np.random.default_rng(0)
    values = generator.integers(-2, 3, shape).astype(dtype)
    text = f"""
    x = Placeholder[dtype={dtype}, shape=[*]]
    threshold = Const[dtype={dtype}, value={dtype}[]({threshold})]
    y = CompareAndBitpack[T={dtype}](x, threshold)
    """
    (found,) = rewritten(text)(values)
    np.testing.assert_array_equal(found, np.packbits(values if dtype == "bool" else values > 1, axis=-1))
