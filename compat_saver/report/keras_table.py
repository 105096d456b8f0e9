"""The layers of a Keras file as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from compat_saver.errors import counted
from compat_saver.inspection.facts import KerasFacts, LayerFacts
from compat_saver.report.text import titled_table

_FORMS = {"hdf5": "an HDF5 file", "keras": "a .keras file", "saved_model": "a SavedModel"}
_MOST_ROWS = 60
# What says most of a layer; --json has the whole configuration.
_SHOWN = (
    *("batch_input_shape", "batch_shape", "input_dim", "output_dim", "mask_zero", "units", "filters", "kernel_size"),
    *("strides", "padding", "data_format", "activation", "recurrent_activation", "reset_after", "return_sequences"),
    *("axis", "epsilon", "rate"),
)


def keras_rows(found: KerasFacts) -> Iterator[tuple[str, str]]:
    """Yields the rows of the head: what wrote the file, and what the model was compiled with."""
    yield "Keras file", f"{found.path} ({_FORMS[found.form]})"
    version = f"Keras {found.keras_version}" if found.keras_version else "Keras, of a release that it does not say"
    yield "Written by", f"{version}{f' on {found.backend}' if found.backend else ''}"
    yield "Model", found.class_name or "not in the file: weights alone"
    if found.optimizer or found.optimizer_weights:
        state = counted(found.optimizer_weights, "variable")
        yield "Compiled with", f"{found.optimizer or 'an optimizer'} ({state}), loss {found.loss or 'unknown'}"


def keras_layers(found: KerasFacts) -> RenderableType:
    """Returns a table of the layers."""
    rows = [_row(item) for item in found.layers[:_MOST_ROWS]]
    table: Table = titled_table("Layers", ("layer", "class", "weights", "configuration"), rows)
    if len(found.layers) > _MOST_ROWS:
        table.caption = f"... and {len(found.layers) - _MOST_ROWS:,} more; --json lists all."
    return table


def _row(item: LayerFacts) -> tuple[str, ...]:
    weights = f"{len(item.weights)} ({item.parameters:,} values)" if item.weights else ""
    return item.name, item.class_name or "?", weights, _settings(item.config)


def _settings(config: Mapping[str, Any]) -> str:
    shown = ((name, config.get(name)) for name in _SHOWN)
    return ", ".join(f"{name}={value}" for name, value in shown if isinstance(value, str | int | float | list))
