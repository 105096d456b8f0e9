"""Renders outcomes as pages of one file each, that need no network: `--report FILE.html`."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_saver.errors import counted
from compat_saver.report.html.graph_data import packed_change
from compat_saver.report.html.verdicts import inspection_tiles, migration_tiles, verdict_on, verdict_on_source
from compat_saver.report.ops_table import ops_summary
from compat_saver.report.text import bytes_text, shape_text, version_text

if TYPE_CHECKING:
    import jinja2

    from compat_saver.analysis.node_fates import GraphChange
    from compat_saver.inspection import Inspection
    from compat_saver.migration import MigrationReport

_FOLDER = Path(__file__).parent
_SCRIPTS = ("dagre.min.js", "graph_model.js", "graph_view.js", "page.js")


def migration_page(report: MigrationReport) -> str:
    """Returns the page of a migration, or of a verification."""
    verdict, tiles = verdict_on(report), tuple(migration_tiles(report))
    found = report.to_dict()
    return _render("migration.html", found=found, report=report, verdict=verdict, tiles=tiles, **_graph(report.change))


def inspection_page(found: Inspection) -> str:
    """Returns the page of an inspection."""
    verdict, tiles = verdict_on_source(found), tuple(inspection_tiles(found))
    return _render(
        "inspection.html", found=found.to_dict(), inspection=found, verdict=verdict, tiles=tiles, **_graph(found.change)
    )


def _graph(change: GraphChange | None) -> dict[str, Any]:
    if change is None:
        return {"graph": "", "left_out": 0}
    text, left_out = packed_change(change)
    return {"graph": text, "left_out": left_out, "nodes": len(change.before.names), "both": change.after is not None}


def _render(name: str, **facts: Any) -> str:
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
    )
    found.filters |= {"bytes": bytes_text, "shape": shape_text, "version": version_text, "number": _number}
    found.globals |= {"counted": counted, "ops_summary": ops_summary, "style": _static("page.css")}
    scripts = [_static(file) for file in _SCRIPTS]
    found.globals |= {"scripts": scripts, "script_hashes": [_hash(text) for text in scripts]}
    return found


def _static(file: str) -> Any:
    """Returns a file of the package, which is not escaped."""
    import markupsafe

    return markupsafe.Markup((_FOLDER / "static" / file).read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    """Returns the source expression with which a content security policy allows one script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
