"""An inspection as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compat_saver.errors import counted
from compat_saver.inspection.facts import Inspection, TensorFacts, VariableFacts
from compat_saver.report.keras_table import keras_layers, keras_rows
from compat_saver.report.ops_table import ops_summary, rewritten_ops, side_effects, unsupported_ops
from compat_saver.report.text import bytes_text, shape_text, titled_table, version_text

_MOST_ROWS = 40
_ROLES = (
    ("trainable", "trainable"),
    ("slot", "optimizer slots"),
    ("average", "moving averages"),
    ("other", "other"),
)


def render_inspection(found: Inspection) -> RenderableType:
    """Returns what the artifact is, what may be fed and fetched, the variables, and the ops that cannot stay as is."""
    return Group(*_parts(found))


def _parts(found: Inspection) -> Iterator[RenderableType]:
    yield _head(found)
    if found.keras is not None:
        yield keras_layers(found.keras)
    if found.placeholders:
        serving = ("serving",) if any(item.bound is not None for item in found.placeholders) else ()
        rows = [_placeholder_row(item)[: 3 + len(serving)] for item in found.placeholders]
        yield titled_table("Placeholders", ("tensor", "dtype", "shape", *serving), rows)
    if found.outputs:
        rows = [
            (item.tensor, "yes" if item.proposed else "", f"{item.score:g}", ", ".join(item.signals))
            for item in found.outputs
        ]
        yield titled_table("Likely outputs", ("tensor", "inferred", "score", "because it"), rows)
    yield _variables(found)
    yield from rewritten_ops(found.ops)
    yield from unsupported_ops(found.ops, found.around)
    yield from side_effects(found.effects)
    for note in found.notes:
        yield Text(f"Note: {note}", style="yellow")


def _head(found: Inspection) -> Table:
    table = Table.grid(padding=(0, 2))
    if found.checkpoint is not None:
        kind = "object-based, by TF2 or Keras" if found.checkpoint.object_based else "name-based"
        table.add_row("Checkpoint", found.checkpoint.prefix)
        table.add_row(
            "",
            f"{found.checkpoint.version}, {kind}, {counted(found.checkpoint.files, 'file')}, "
            f"{counted(found.checkpoint.tensors, 'tensor')}, {bytes_text(found.checkpoint.nbytes)}",
        )
    for row in keras_rows(found.keras) if found.keras is not None else ():
        table.add_row(*row)
    if found.graph is not None:
        version = version_text(found.graph.tensorflow_version)
        table.add_row("Graph", found.graph.path)
        table.add_row("", f"{counted(found.graph.nodes, 'node')}, {counted(found.graph.functions, 'function')}")
        table.add_row("Ops", f"{ops_summary(found.ops)} (to serve {', '.join(found.serving) or 'everything'})")
        table.add_row("Written by", f"{version}, GraphDef version {found.graph.producer}")
        table.add_row("Signatures", ", ".join(found.graph.signatures) or "none")
        table.add_row("Collections", ", ".join(f"{n} ({c})" for n, c in found.graph.collections.items()) or "none")
    for title, names in (("Input pipeline", found.queues), ("Lookup tables", found.tables)):
        if names:
            table.add_row(title, ", ".join(names))
    return table


def _variables(found: Inspection) -> RenderableType:
    totals = [
        f"{len(chosen):,} {title} ({bytes_text(sum(item.nbytes for item in chosen))})"
        for role, title in _ROLES
        if (chosen := found.of_role(role))
    ]
    title = f"Variables: {', '.join(totals) or 'none'}"
    shown = [item for item in found.variables if item.role != "slot"]
    rows = [_variable_row(item) for item in shown[:_MOST_ROWS]]
    table = titled_table(title, ("name", "dtype", "shape", "bytes", "role", "in the checkpoint"), rows)
    if len(shown) > _MOST_ROWS:
        table.caption = f"... and {len(shown) - _MOST_ROWS:,} more; --json lists all."
    return table


def _placeholder_row(item: TensorFacts) -> tuple[str, ...]:
    shape = shape_text(item.shape) + (" (has a default)" if item.has_default else "")
    return (
        item.tensor,
        item.dtype,
        shape,
        "" if item.bound is None else f"bound to {item.bound}: {item.why}",
    )


def _variable_row(item: VariableFacts) -> tuple[str, ...]:
    stored = {True: "yes", False: "no", None: "-"}[item.stored]
    return item.name, item.dtype, shape_text(item.shape), bytes_text(item.nbytes), item.role, stored
