"""A migration's report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compat_saver.analysis.ops.triage import OpRow
from compat_saver.errors import and_more, counted
from compat_saver.migration.report import TRAINING, MigrationReport
from compat_saver.report.ops_table import ops_summary, rewritten_ops, side_effects
from compat_saver.report.text import bytes_text, shape_text, titled_table, version_text

_MOST_FINDINGS = 20
_MOST_NAMES = 5
_LACKING = (("zero on these inputs", "zero_for"), ("none", "none_for"))


def render_migration(report: MigrationReport) -> RenderableType:
    """Returns the source, the signatures, what was rewritten, and the verification."""
    found = report.to_dict()
    return Group(*_parts(found, report.status, report))


def _parts(found: dict[str, Any], status: str, report: MigrationReport) -> Iterator[RenderableType]:
    yield _head(found, report.ops)
    yield _signatures(found)
    yield from rewritten_ops(report.ops)
    yield from side_effects(report.effects)
    if found["training_behavior"]:
        yield _training_behavior(found)
    yield _rewrites(found)
    if found["verification"]["signatures"]:
        yield _verification(found, status)
        yield from _guesses(found)
        yield from _gradients(found)
    if found["exports"]:
        yield _exports(found)
    for warning in found["warnings"]:
        yield Text(f"Note: {warning}", style="yellow")


def _head(found: dict[str, Any], ops: Sequence[OpRow]) -> Table:
    source, variables = found["source"], found["variables"]
    version = version_text(source["tensorflow_version"])
    weights = f", checkpoint {source['checkpoint_version']}" if source["checkpoint_version"] else ""
    table = Table.grid(padding=(0, 2))
    table.add_row("Source", source["path"])
    table.add_row("Written by", f"{version}, GraphDef version {source['producer']}{weights}")
    made = f", {len(variables['from_constants'])} made of constants" if variables["from_constants"] else ""
    table.add_row(
        "Variables",
        f"{variables['kept']} kept ({variables['trainable']} trainable, {bytes_text(variables['bytes'])}{made}), "
        f"{variables['dropped']} dropped",
    )
    if found["tables"]:
        table.add_row("Lookup tables", ", ".join(map(_table_text, found["tables"])))
    table.add_row("Ops", ops_summary(ops))
    return table


def _table_text(table: dict[str, Any]) -> str:
    """Returns a table's name and where its content comes from, if that is not the graph."""
    files = ", ".join(file["path"] for file in table["files"])
    origin = "the checkpoint" if table["stored"] else files
    return f"{table['name']} (from {origin})" if origin else str(table["name"])


def _signatures(found: dict[str, Any]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, signature in found["signatures"].items():
        for kind in ("inputs", "outputs"):
            for key, item in signature[kind].items():
                rows.append((name, kind[:-1], key, item["tensor"], item["dtype"], shape_text(item["shape"])))
        rows += [(name, "bound", "", tensor, "", f"= {value}") for tensor, value in signature["bound"].items()]
        if signature["kind"] == TRAINING:
            updates = counted(len(signature["updates"]), "variable")
            rows.append((name, "trains", "", signature["train_op"], "", updates))
    return titled_table("Signatures", ("signature", "", "key", "tensor", "dtype", "shape"), rows)


def _training_behavior(found: dict[str, Any]) -> Table:
    findings = found["training_behavior"]
    rows = [
        (
            item["what"],
            item["node"],
            item["became"] or f"kept: {item['reason'] or 'as asked'}",
            ", ".join(item["variables"]),
            item["confidence"],
        )
        for item in findings[:_MOST_FINDINGS]
    ]
    if len(findings) > _MOST_FINDINGS:
        rows.append((f"and {len(findings) - _MOST_FINDINGS:,} more", "", "", "", ""))
    return titled_table("Training behavior", ("what", "node", "became", "variables", "confidence"), rows)


def _rewrites(found: dict[str, Any]) -> Table:
    rows = [(item["name"], f"{item['count']:,}", item["detail"]) for item in found["rewrites"]]
    return titled_table("Rewrites", ("rewrite", "count", "detail"), rows, right=("count",))


def _guesses(found: dict[str, Any]) -> Iterator[Text]:
    for name, guesses in found["verification"]["guesses"].items():
        for key, how in guesses.items():
            yield Text(f"Generated for {name}/{key}: {how}.")


def _gradients(found: dict[str, Any]) -> Iterator[Text]:
    for name, taken in found["verification"]["gradients"].items():
        total = taken["with"] + taken["without"]
        if total:
            but = [f"; {what} for {and_more(taken[key], _MOST_NAMES)}" for what, key in _LACKING if taken[key]]
            why = f" ({taken['error']})" if taken["error"] else ""
            counts = f"{taken['with']:,} of {counted(total, 'trainable variable')}"
            yield Text(f"Gradients of {name}: for {counts}{''.join(but)}{why}.")


def _verification(found: dict[str, Any], status: str) -> Table:
    check = found["verification"]
    title = f"Verification: {status} (inputs: {check['inputs']}, rtol {check['rtol']:g}, atol {check['atol']:g})"
    rows = [
        (name, key, _difference(result["max_abs_diff"]), "yes" if result["bitwise_equal"] else "no")
        for name, outputs in check["signatures"].items()
        for key, result in outputs.items()
    ]
    for name, proof in check["training"].items():
        for what, gap in (("outputs", proof["loss"]), ("variables", proof["variables"])):
            text = f"{_difference(float(gap))} of the largest"
            rows.append((name, f"{what} of {counted(proof['steps'], 'step')}", text, "no" if gap else "yes"))
    heads = ("signature", "output", "largest difference", "bitwise equal")
    return titled_table(title, heads, rows, right=("largest difference",))


def _exports(found: dict[str, Any]) -> Table:
    rows = [
        (item["file"], item["signature"], item["ops"], item["status"], _difference(item["max_abs_diff"]))
        for item in found["exports"]
    ]
    return titled_table("Exports", ("file", "signature", "ops", "verification", "largest difference"), rows)


def _difference(largest: float | None) -> str:
    return "-" if largest is None else f"{largest:.3g}"
