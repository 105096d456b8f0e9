"""How the values of variables are distributed: the one part of a page that is read from files again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compat_saver.analysis.values.weights import Weight
from compat_saver.checkpoints.histograms import Histogram, histogram_of, histograms
from compat_saver.errors import ArtifactError
from compat_saver.inspection import Inspection
from compat_saver.migration import MigrationReport
from compat_saver.report.html.variables import MOST_ROWS


def weight_histograms(report: MigrationReport) -> Mapping[str, Histogram]:
    """Returns variable -> the distribution of its values, of those that a page shows.

    Without those that cannot be read, as after a dry run; of a partitioned variable that of the whole.
    """
    weights = report.weights[:MOST_ROWS]
    stored = {item.name: item.location.key for item in weights if item.initializer is None and item.initial is None}
    has_checkpoint = report.source.checkpoint_version is not None
    found = _readable(report.source.path, set(stored.values())) if has_checkpoint else {}
    known = ((item.name, _of_initial(item) or found.get(stored.get(item.name, ""))) for item in weights)
    return {name: item for name, item in known if item is not None}


def variable_histograms(found: Inspection) -> Mapping[str, Histogram]:
    """Returns the same of the variables of an inspection."""
    if found.checkpoint is None:
        return {}
    return _readable(found.checkpoint.prefix, [item.name for item in found.variables[:MOST_ROWS] if item.stored])


def _of_initial(weight: Weight) -> Histogram | None:
    return None if weight.initial is None else histogram_of(weight.initial)


def _readable(source: str, names: Iterable[str]) -> Mapping[str, Histogram]:
    try:
        return histograms(source, names)
    except ArtifactError:  # without its data files a checkpoint can still be inspected
        return {}
