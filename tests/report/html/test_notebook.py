"""What a notebook shows of outcomes."""

import compat_saver
from compat_saver import checkpoints
from compat_saver.batch.outcome import BatchReport, ModelOutcome
from compat_saver.keras_models.changes import Change
from compat_saver.keras_models.report import KerasReport
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


def test_a_batch():
    outcomes = (
        ModelOutcome("a", "/m/a", "out/a", "verified", seconds=1.26),
        ModelOutcome("b", "/m/b", None, "refused", ("No <output>.", "Second."), 0.04),
    )
    html = BatchReport("out", None, outcomes, 2.0)._repr_html_()
    assert "<b>? 1 of 2 models done</b><br>1 verified, 1 refused." in html
    assert "No &lt;output&gt;." in html


def test_a_model_of_keras():
    change = Change("lstm", "time_major", "left out")
    report = KerasReport(
        *("model.h5", "hdf5", "2.3.1", "out.keras", (), (), 4, 3, 1200, "Adam", 7),
        *((change,), ("Something to know.",), None, (None, None), {"read": 1.0}),
    )
    html = report._repr_html_()
    assert "time_major" in html
    assert "3 trainable, 1.2 kB" in html
    assert "Something to know." in html


def test_long_tables_are_cut():
    report = make_report(weights=make_report().weights * 30)
    assert "and 40 more" in report._repr_html_()


def test_strings_of_a_file_are_text():
    html = hostile_report()._repr_html_()
    assert HOSTILE not in html
    assert "<script" not in html
