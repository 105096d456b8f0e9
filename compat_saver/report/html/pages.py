"""Renders outcomes as pages of one file each, that need no network: `--report FILE.html`."""

from __future__ import annotations

import base64
import functools
import hashlib
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_saver.errors import CannotMigrateError, and_more, counted
from compat_saver.report.html.graph_data import packed_change
from compat_saver.report.html.plots import bars_of, outline_of, points_of
from compat_saver.report.html.variables import kept_variables, shown_variables
from compat_saver.report.html.verdicts import (
    inspection_tiles,
    migration_tiles,
    verdict_on,
    verdict_on_refusal,
    verdict_on_source,
)
from compat_saver.report.next_steps import render_next_steps
from compat_saver.report.ops_table import ops_summary
from compat_saver.report.text import bytes_text, shape_text, version_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from compat_saver.analysis.node_fates import GraphChange
    from compat_saver.checkpoints.histograms import Histogram
    from compat_saver.inspection import Inspection
    from compat_saver.keras_models.report import KerasReport
    from compat_saver.migration import MigrationReport

_FOLDER = Path(__file__).parent
_LONGEST_TEXT, _MOST_ITEMS = 2_000, 100
_SCRIPTS = ("dagre.min.js", "graph_model.js", "graph_view.js", "page.js")


def migration_page(report: MigrationReport, histograms: Mapping[str, Histogram]) -> str:
    """Returns the page of a migration, or of a verification.

    Args:
        report: the outcome.
        histograms: variable -> how its values are distributed, as far as that is known.
    """
    return render(
        "migration.html",
        found=report.to_dict(),
        report=report,
        verdict=verdict_on(report),
        tiles=tuple(migration_tiles(report)),
        variables=kept_variables(report, histograms),
        next_steps=next_steps(report),
        **_graph(report.change),
    )


def next_steps(report: MigrationReport | KerasReport) -> str:
    """Returns the lines that use the written model; "" if there is none to use."""
    is_written = report.status in ("passed", "skipped")
    return textwrap.dedent(render_next_steps(report).partition("\n")[2]) if is_written else ""


def inspection_page(found: Inspection, histograms: Mapping[str, Histogram]) -> str:
    """Returns the page of an inspection, with histograms as for `migration_page`."""
    return render(
        "inspection.html",
        found=found.to_dict(),
        inspection=found,
        verdict=verdict_on_source(found),
        tiles=tuple(inspection_tiles(found)),
        variables=list(shown_variables(found, histograms)),
        **_graph(found.change),
    )


def refusal_page(source: str, error: CannotMigrateError) -> str:
    """Returns the page of a model that cannot be migrated.

    Args:
        source: where it is.
        error: every obstacle.
    """
    facts = {"obstacles": error.obstacles, "ops": error.ops, "around": error.around}
    return render("refusal.html", source=source, verdict=verdict_on_refusal(error), **facts, **_graph(error.change))


def _graph(change: GraphChange | None) -> dict[str, Any]:
    import markupsafe

    if change is None:
        return {"graph": "", "left_out": 0}
    text, left_out = packed_change(change)
    return {
        "graph": markupsafe.Markup(text),
        "left_out": left_out,
        "nodes": len(change.before.names),
        "both": change.after is not None,
    }


def render(name: str, **facts: Any) -> str:
    """Returns a template of the package with some facts in it."""
    return _environment().get_template(name).render(**facts)


@functools.cache
def _environment() -> jinja2.Environment:
    """Returns the templates; every value that they show is escaped."""
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clipped,
    )
    found.filters |= {"bytes": bytes_text, "shape": shape_text, "version": version_text, "number": _number}
    found.filters |= {"points": points_of, "bars": bars_of, "outline": outline_of}
    found.globals |= {
        "counted": counted,
        "and_more": and_more,
        "ops_summary": ops_summary,
        "most": _MOST_ITEMS,
        "style": _static("page.css"),
    }
    scripts = [_static(file) for file in _SCRIPTS]
    found.globals |= {"scripts": scripts, "script_hashes": [_hash(text) for text in scripts]}
    return found


def _clipped(value: Any) -> Any:
    """Cuts long text: a page of a hostile file stays small."""
    if isinstance(value, str) and hasattr(value, "__html__"):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def _static(file: str) -> Any:
    """Returns a file of the package, which is not escaped."""
    import markupsafe

    return markupsafe.Markup((_FOLDER / "static" / file).read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    """Returns the source expression with which a content security policy allows one script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
