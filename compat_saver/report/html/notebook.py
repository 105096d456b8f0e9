"""What a notebook shows of an outcome: the head of its page, and short tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from compat_saver.errors import counted
from compat_saver.report.html.batch_pages import batch_tiles, batch_verdict
from compat_saver.report.html.keras_page import keras_tiles, keras_verdict
from compat_saver.report.html.pages import render
from compat_saver.report.html.verdicts import (
    GOOD,
    Tile,
    Verdict,
    inspection_tiles,
    migration_tiles,
    verdict_on,
    verdict_on_source,
)
from compat_saver.report.text import bytes_text, shape_text

if TYPE_CHECKING:
    from compat_saver.batch.outcome import BatchReport
    from compat_saver.checkpoints import Listing
    from compat_saver.inspection import Inspection
    from compat_saver.keras_models import KerasReport
    from compat_saver.migration import MigrationReport


class _Table(NamedTuple):
    title: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, ...]]


def migration_html(report: MigrationReport) -> str:
    """Returns a migration as a cell of a notebook."""
    return _html(verdict_on(report), migration_tiles(report), [_signatures(report), _weights(report)], report.warnings)


def batch_html(report: BatchReport) -> str:
    """Returns a batch as a cell of a notebook."""
    rows = [(item.name, item.status, f"{item.seconds:.1f}", "; ".join(item.problems[:1])) for item in report]
    return _html(batch_verdict(report), batch_tiles(report), [_Table("Models", _MODEL, rows)], ())


_MODEL = ("model", "outcome", "seconds", "why")


def keras_html(report: KerasReport) -> str:
    """Returns the migration of a Keras model as a cell of a notebook."""
    rows = [(item.layer, item.name, item.detail) for item in report.changes]
    table = _Table("Changes", ("layer", "changed", "into"), rows)
    return _html(keras_verdict(report), keras_tiles(report), [table], report.warnings)


def inspection_html(found: Inspection) -> str:
    """Returns an inspection as a cell of a notebook."""
    return _html(verdict_on_source(found), inspection_tiles(found), _inspected(found), found.notes)


def listing_html(listing: Listing) -> str:
    """Returns the tensors of a checkpoint as a cell of a notebook."""
    kind = "saved by object" if listing.object_based else "saved by name"
    count, size = counted(len(listing.rows), "tensor"), bytes_text(listing.nbytes)
    rows = [(item.name, item.dtype, shape_text(item.shape), bytes_text(item.nbytes)) for item in listing.rows]
    table = _Table("Tensors", ("name", "dtype", "shape", "size"), rows)
    head = Verdict(GOOD, listing.prefix, f"{listing.version}, {kind}: {count}, {size}")
    return _html(head, (), [table], listing.notes)


def _html(verdict: Verdict, tiles: Iterable[Tile], tables: Sequence[_Table], notes: Sequence[str]) -> str:
    return render("notebook.html", tiles=list(tiles), tables=tables, notes=notes, **verdict._asdict())


def _signatures(report: MigrationReport) -> _Table:
    rows = [
        (name, kind[:-1], key, tensor["dtype"], shape_text(tensor["shape"]))
        for name, item in report.to_dict()["signatures"].items()
        for kind in ("inputs", "outputs")
        for key, tensor in item[kind].items()
    ]
    return _Table("Signatures", ("signature", "", "key", "dtype", "shape"), rows)


def _weights(report: MigrationReport) -> _Table:
    rows = [(item.name, shape_text(item.shape), bytes_text(item.nbytes)) for item in report.weights]
    return _Table("Variables", ("name", "shape", "size"), rows)


def _inspected(found: Inspection) -> list[_Table]:
    placeholders = [(item.tensor, item.dtype, shape_text(item.shape), item.why) for item in found.placeholders]
    outputs = [(item.tensor, "yes" if item.proposed else "", ", ".join(item.signals)) for item in found.outputs]
    variables = [(item.name, item.dtype, shape_text(item.shape), item.role) for item in found.variables]
    return [
        _Table("Inputs", ("tensor", "dtype", "shape", "bound because"), placeholders),
        _Table("Likely outputs", ("tensor", "inferred", "because it"), outputs),
        _Table("Variables", ("name", "dtype", "shape", "role"), variables),
    ]
