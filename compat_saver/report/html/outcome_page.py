"""The page of whatever `migrate` or `verify` came to."""

from __future__ import annotations

from compat_saver.keras_models.report import KerasReport
from compat_saver.migration import MigrationReport
from compat_saver.report.html.keras_page import keras_page
from compat_saver.report.html.pages import migration_page
from compat_saver.report.html.values import weight_histograms


def outcome_page(report: MigrationReport | KerasReport) -> str:
    """Returns the page of a migrated graph, with histograms of its variables, or of a migrated Keras model."""
    if isinstance(report, KerasReport):
        return keras_page(report)
    return migration_page(report, weight_histograms(report))
