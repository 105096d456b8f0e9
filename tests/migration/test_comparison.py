"""What counts as the same answer."""

import numpy as np
import pytest

from compat_saver.migration.verification.comparison import compare

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("original", "found"),
    [
        (np.float32([1, 2]), np.float32([1, 2])),
        (np.float32([1.0]), np.float32([1.000001])),
        (np.float32([NAN, INF, -INF]), np.float32([NAN, INF, -INF])),
        (np.float16([1.0]), np.float16([1.005])),
        (np.complex64([1 + 1j]), np.complex64([1 + 1j])),
        (np.array([b"a", b""], object), np.array([b"a", b""], object)),
        (np.asarray(b"abc"), np.asarray(b"abc")),
        (np.float32([]), np.float32([])),
        (np.array(True), np.array(True)),
    ],
)
def test_the_same(original, found):
    assert compare(original, found, None, None).problem == ""


@pytest.mark.parametrize(
    ("original", "found", "problem"),
    [
        (np.float32([1.0, 2.0]), np.float32([1.0, 2.1]), "1 of 2 elements differ, by up to 0.1"),
        (np.float32([NAN]), np.float32([0.0]), "1 of 1 elements differ, by up to nan"),
        (np.float32([INF]), np.float32([-INF]), "1 of 1 elements differ, by up to inf"),
        (np.float32([INF]), np.float32([1.0]), "1 of 1 elements differ, by up to inf"),
        (np.float32([1.0]), np.float32([[1.0]]), "shape [1, 1] instead of [1]"),
        (np.float32([1.0]), np.float64([1.0]), "dtype float64 instead of float32"),
        (np.int64([1, 2]), np.int64([1, 3]), "1 of 2 elements differ"),
        (np.array([True]), np.array([False]), "1 of 1 elements differ"),
        (np.array([b"a"], object), np.array([b"b"], object), "1 of 1 elements differ"),
        (np.asarray(b"abc"), np.asarray(b"abcd"), "1 of 1 elements differ"),
    ],
)
def test_different(original, found, problem):
    assert compare(original, found, None, None).problem == problem


def test_tolerances_can_be_set():
    original, found = np.float32([1.0]), np.float32([1.5])
    assert compare(original, found, 0.6, None).problem == ""
    assert compare(original, found, None, 0.6).problem == ""
    assert compare(original, np.nextafter(original, np.float32(2)), 0.0, 0.0).problem


def test_bitwise_equal_is_told_apart_from_close():
    close = compare(np.float32([1.0]), np.nextafter(np.float32([1.0]), np.float32(2)), None, None)
    assert not close.bitwise_equal
    assert close.max_abs_diff == pytest.approx(1.19e-7, rel=0.01)
    assert compare(np.float32([NAN]), np.float32([NAN]), None, None).bitwise_equal


def test_two_batches_count_as_the_worse_one():
    good = compare(np.float32([NAN]), np.float32([NAN]), None, None)
    bad = compare(np.float32([1.0]), np.float32([2.0]), None, None)
    both = good.worse_of(bad)
    assert (both.max_abs_diff, both.bitwise_equal, both.elements) == (1.0, False, 2)
    assert both.finite
    assert both.problem == bad.problem
