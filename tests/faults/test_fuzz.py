"""A slice of what `python -m tests.faults.fuzz` runs for hours."""

import pytest

from tests.faults.fuzz import KINDS, fuzz

RUNS = 40


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_inputs_end_with_a_message(kind):
    assert [found for found in fuzz(kind, range(RUNS)) if found is not None] == []
