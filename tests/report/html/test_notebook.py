"""What a notebook shows of outcomes."""

import compat_saver
from compat_saver import checkpoints
from tests.golden_cases import case
from tests.report.html.test_pages import HOSTILE, hostile_report
from tests.report.outcomes import make_report


def test_a_migration():
    html = make_report()._repr_html_()
    assert "<b>\u2713 The migrated model computes what the original does</b>" in html
    assert "serving_default" in html
    assert "[?, 12]" in html
    assert "Something to know." in html
    assert "<script" not in html


def test_an_inspection_and_a_listing():
    directory = case("1.15.5", "dense_adam").directory
    html = compat_saver.inspect(directory)._repr_html_()
    assert "Nothing in the graph prevents a migration" in html
    assert "prediction:0" in html
    html = checkpoints.ls(directory)._repr_html_()
    assert "15 tensors, 1.6 kB" in html
    assert "hidden/kernel" in html


def test_long_tables_are_cut():
    report = make_report(weights=make_report().weights * 30)
    assert "and 40 more" in report._repr_html_()


def test_strings_of_a_file_are_text():
    html = hostile_report()._repr_html_()
    assert HOSTILE not in html
    assert "<script" not in html
