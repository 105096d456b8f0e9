"""The report of the migration of a Keras model as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compat_saver.errors import phrases_and_more
from compat_saver.keras_models.report import KerasReport
from compat_saver.report.text import bytes_text, shape_text, titled_table

_MOST_LAYERS = 4


def render_keras(report: KerasReport) -> RenderableType:
    """Returns the source, inputs and outputs, what was changed, and the verification."""
    return Group(*_parts(report.to_dict()))


def _parts(found: dict[str, Any]) -> Iterator[RenderableType]:
    yield _head(found)
    yield _ends(found["signatures"]["serving_default"])
    yield _changes(found["rewrites"])
    if found["verification"]["signatures"]:
        yield _verification(found["verification"])
    for note in (*found["verification"]["notes"], *found["warnings"]):
        yield Text(f"Note: {note}", style="yellow")


def _head(found: dict[str, Any]) -> Table:
    source, variables, compiled = found["source"], found["variables"], found["compiled"]
    table = Table.grid(padding=(0, 2))
    table.add_row("Source", source["path"])
    table.add_row("Written by", f"Keras {source['keras_version']}".rstrip())
    kept = f"{variables['kept']} kept ({variables['trainable']} trainable, {bytes_text(variables['bytes'])})"
    table.add_row("Variables", kept)
    if compiled["optimizer"]:
        steps = "" if compiled["iterations"] is None else f" after {compiled['iterations']:,} steps"
        table.add_row("Optimizer", f"{compiled['optimizer']}{steps}")
    return table


def _ends(signature: dict[str, Any]) -> Table:
    rows = [
        (kind[:-1], name, item["dtype"], shape_text(item["shape"]))
        for kind in ("inputs", "outputs")
        for name, item in signature[kind].items()
    ]
    return titled_table("Inputs and outputs", ("", "name", "dtype", "shape"), rows)


def _changes(rewrites: list[dict[str, Any]]) -> Table:
    rows = [(item["name"], item["detail"], phrases_and_more(item["layers"], _MOST_LAYERS)) for item in rewrites]
    return titled_table("Changes", ("what", "became", "layers"), rows)


def _verification(check: dict[str, Any]) -> Table:
    title = (
        f"Verification with {check['reference']}: {check['status']} "
        f"(inputs: {check['inputs']}, rtol {check['rtol']:g}, atol {check['atol']:g})"
    )
    rows = [
        (name, _difference(item["max_abs_diff"]), "yes" if item["bitwise_equal"] else "no")
        for name, item in check["signatures"]["serving_default"].items()
    ]
    for proof in check["training"].values():
        for what, gap in (("loss", proof["loss"]), ("weights", proof["variables"])):
            rows.append((f"{what} of 1 training step", f"{gap:.3g} of the largest", "no" if gap else "yes"))
    return titled_table(title, ("output", "largest difference", "bitwise equal"), rows, right=("largest difference",))


def _difference(largest: float | None) -> str:
    return "-" if largest is None else f"{largest:.3g}"
