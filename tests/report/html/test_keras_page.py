"""The page of a Keras model: the same verdict, plots and steps as of a graph, and the changes of layers."""

from dataclasses import replace

from compat_saver.report.html.outcome_page import outcome_page
from tests.report.html.test_pages import HOSTILE, Elements
from tests.report.outcomes import make_keras_report


def test_the_page_of_a_keras_model():
    text = Elements(outcome_page(make_keras_report())).text
    for words in (
        "The migrated model computes what the original does",
        "1 output with 2 elements compared on the same inputs (generated (seed 0)): every bit is equal.",
        "One training step compared.",
        "model.h5 → became out.keras",
        "4 3 trainable, 104 B",
        "Adam after 7 steps",
        "Keras 2.8.0",
        "float32 [?, 12]",
        "keras.models.load_model",
        "'lstm', 'lstm_1'",
        "The original was run by tf-keras.",
        "of the weights 8e-08 (dense/kernel)",
        "Something to know.",
        "A note.",
    ):
        assert words in text


def test_what_differs_and_what_was_not_compared():
    report = make_keras_report()
    step = replace(report.verification.step, loss=0.5)
    failed = Elements(outcome_page(replace(report, verification=replace(report.verification, step=step)))).text
    assert "The migrated model differs from the original" in failed
    assert "One training step differs: the loss by 0.5" in failed
    planned = Elements(outcome_page(replace(report, output=None, verification=None, changes=[]))).text
    assert "This was a dry run." in planned
    assert "load_model" not in planned


def test_names_of_layers_are_text():
    hostile = make_keras_report(source=HOSTILE, warnings=[HOSTILE], keras_version=HOSTILE)
    assert HOSTILE not in outcome_page(hostile)
