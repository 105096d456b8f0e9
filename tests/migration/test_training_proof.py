"""How far apart two training steps are, relative to the largest magnitude."""

import numpy as np
import pytest

from compat_saver.migration.verification.training_proof import relative_gap

ONE, LAST = np.float32([0, 1, -4]), np.float32([0, 1, np.nan])


@pytest.mark.parametrize(
    ("expected", "found", "gap"),
    [
        (ONE, ONE, 0.0),
        (ONE, np.float32([0.5, 1, -4]), 0.125),
        (np.zeros(3, np.float32), np.float32([0, 0, 1e-9]), np.inf),
        (np.float32([np.inf, 2]), np.float32([np.inf, 3]), 0.5),
        (LAST, LAST, 0.0),
        (LAST, np.float32([0, 1, 1]), np.inf),
        (ONE, ONE[:2], np.inf),
        (ONE, ONE.astype(np.float64), np.inf),
        (np.int64(3), np.int64(3), 0.0),
        (np.int64(3), np.int64(4), np.inf),
        (np.complex64(2j), np.complex64(3j), 0.5),
        (np.empty(0, np.float32), np.empty(0, np.float32), 0.0),
    ],
)
def test_gaps(expected, found, gap):
    assert relative_gap(np.asarray(expected), np.asarray(found)) == gap
