"""The pages of the models of a batch, in a folder beside the page of the batch, which leads to them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from compat_saver.batch import BatchReport
from compat_saver.errors import counted
from compat_saver.keras_models.report import KerasReport
from compat_saver.migration import MigrationReport
from compat_saver.report.html.files import write_page
from compat_saver.report.html.outcome_page import outcome_page
from compat_saver.report.html.pages import render
from compat_saver.report.html.verdicts import BAD, GOOD, UNSURE, Tile, Verdict


def write_model_page(page: str, name: str, report: MigrationReport | KerasReport) -> None:
    """Writes the page of one model.

    Args:
        page: the path of the page of the batch.
        name: the model's name in the batch.
        report: its outcome.
    """
    write_page(_model_page(Path(page), name), outcome_page(report))


def write_batch_page(page: Path, report: BatchReport) -> None:
    """Writes the page of a batch, with a link to the page of every model that has one."""
    pages = {item.name: _model_page(page, item.name) for item in report}
    links = {name: quote(os.path.relpath(path, page.parent)) for name, path in pages.items() if path.is_file()}
    write_page(page, _page(report, links))


def _model_page(page: Path, name: str) -> Path:
    return page.with_name(f"{page.stem}_models") / f"{name}.html"


def _page(report: BatchReport, links: Mapping[str, str]) -> str:
    verdict, tiles = batch_verdict(report), tuple(batch_tiles(report))
    return render("batch.html", report=report, verdict=verdict, tiles=tiles, links=links, graph="")


def batch_verdict(report: BatchReport) -> Verdict:
    """Returns what is said first: whether every model was migrated."""
    good = sum(item.is_good for item in report)
    counts = ", ".join(f"{count:,} {status}" for status, count in report.counts.items())
    if report.all_good:
        return Verdict(GOOD, f"All of {counted(len(report), 'model')} done", f"{counts}.")
    return Verdict(BAD if good == 0 else UNSURE, f"{good:,} of {counted(len(report), 'model')} done", f"{counts}.")


def batch_tiles(report: BatchReport) -> Iterator[Tile]:
    """Yields the counts of each outcome, and the time."""
    yield from (Tile(status.capitalize(), f"{count:,}") for status, count in report.counts.items())
    yield Tile("Seconds", f"{report.seconds:.1f}", f"{report.seconds / max(len(report), 1):.2f} per model")
