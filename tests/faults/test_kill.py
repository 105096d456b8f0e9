"""A slice of what `python -m tests.faults.kill` runs for hours."""

from tests.faults.kill import Place


def test_killed_migrations_leave_the_old_or_the_new_model(tmp_path):
    place = Place(tmp_path)
    assert [problem for number in range(6) if (problem := place.run(number, number))] == []
