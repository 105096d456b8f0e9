"""The sample that plots of a verification are drawn from."""

import numpy as np

from compat_saver.migration.verification.comparison import compare
from compat_saver.migration.verification.spread import LARGEST, MOST_PAIRS, SMALLEST, spread_of

NAN, INF = float("nan"), float("inf")


def test_the_worst_pair_comes_first_and_differences_are_counted_by_size():
    found = spread_of(np.float64([1, 2, 3, 4]), np.float64([1, 2.5, 3.002, 4]))
    assert found.pairs[0] == (2.0, 2.5)
    assert set(found.pairs) == {(1.0, 1.0), (2.0, 2.5), (3.0, 3.002), (4.0, 4.0)}
    assert found.equal == 2
    assert found.decades == ((-3, 1), (-1, 1))


def test_tiny_and_huge_differences_count_as_the_last_that_are_told_apart():
    found = spread_of(np.float64([0, 0]), np.float64([1e-300, 1e300]))
    assert found.decades == ((SMALLEST, 1), (LARGEST, 1))


def test_what_is_not_finite_is_in_no_pair():
    found = spread_of(np.float64([NAN, INF, 1, NAN]), np.float64([NAN, INF, NAN, 2]))
    assert (found.pairs, found.equal, found.decades) == ((), 2, ())


def test_a_sample_is_bounded_and_keeps_the_worst_of_all_batches():
    batches = [np.linspace(0, 1, 10_000) + number for number in range(40)]
    whole = spread_of(batches[0], batches[0])
    for number, batch in enumerate(batches[1:]):
        other = batch.copy()
        other[5_000] += 0.25 * (number == 20)
        whole = whole.joined(spread_of(batch, other))
    assert len(whole.pairs) <= MOST_PAIRS
    assert whole.pairs[0][1] - whole.pairs[0][0] == 0.25
    assert whole.equal == 40 * 10_000 - 1
    assert whole.decades == ((-1, 1),)


def test_every_kind_of_number_has_a_spread_and_strings_have_none():
    assert compare(np.array([True, False]), np.array([True, True]), None, None).spread.pairs[0] == (0.0, 1.0)
    assert compare(np.int64([3]), np.int64([5]), None, None).spread.decades == ((0, 1),)
    assert compare(np.complex64([3 + 4j]), np.complex64([3 + 4j]), None, None).spread.pairs[0] == (5.0, 5.0)
    assert compare(np.array([b"a"], object), np.array([b"a"], object), None, None).spread is None
    assert compare(np.float32([]), np.float32([]), None, None).spread.pairs == ()
