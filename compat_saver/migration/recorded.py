"""What the report in a written model says of how it was made; `verify` makes the plan again from it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from compat_saver.errors import UsageError
from compat_saver.migration.exports import Export, recorded_exports
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.report import SERVING
from compat_saver.model.inference_mode import KEEP, REMOVE
from compat_saver.model.signature import SignatureRequest
from compat_saver.model.training_model import COUNTER, DONE, LOSS

REPORT_PATH = Path("assets.extra") / "compat_saver" / "report.json"
"""Where in a written model its report is stored."""

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def as_migrated(
    source: Path, saved_model: Path, options: MigrationOptions
) -> tuple[MigrationOptions, tuple[Export, ...]]:
    """Returns the options with what is recorded of the migration, and the files in further formats.

    Raises:
        UsageError: the model has no report, or a damaged one.
    """
    try:
        report = json.loads((saved_model / REPORT_PATH).read_text(encoding="utf-8"))
        options = dataclasses.replace(options, **_recorded_options(report))
        files = dict(_recorded_files(report, source, saved_model))
        exports = recorded_exports(report, saved_model)
    except _UNREADABLE as error:
        raise UsageError(
            f"{saved_model} was not migrated by compat_saver: {REPORT_PATH} cannot be read ({error})."
        ) from None
    return dataclasses.replace(options, assets=options.assets or files), exports


def _recorded_options(report: dict[str, Any]) -> dict[str, Any]:
    """Returns signatures, bound values, tags and the like, by the names of the options."""
    found, variables = report["signatures"], report["variables"]
    served = {name: item for name, item in found.items() if item.get("kind", SERVING) == SERVING}
    trained = [item for item in found.values() if item not in served.values()]
    source_tags = report["source"].get("tag_set")
    return {
        "signatures": tuple(SignatureRequest(name, *_tensor_names(item)) for name, item in served.items()),
        "bind": {name: value for item in served.values() for name, value in item["bound"].items()},
        "tag_set": None if source_tags is None else tuple(map(_text, source_tags)),
        "output_tags": tuple(map(_text, report.get("tag_set", ("serve",)))),
        "training_behavior": _behavior(report.get("training_behavior", ())),
        "train_ops": tuple(_text(item["train_op"]) for item in trained),
        "train_outputs": tuple(dict.fromkeys(name for item in trained for name in _fetched(item["outputs"]))),
        "ema": bool(variables.get("averaged")),
        "init_missing": bool(variables.get("untrained")),
        "variables": variables.get("option"),
    }


def _recorded_files(report: dict[str, Any], source: Path, saved_model: Path) -> Iterator[tuple[str, Path]]:
    """Yields the files that tables were read from, where the source or the model has them.

    A report may name any file of this machine: one elsewhere is replaced by the model's copy. Without a copy the table
    is refused as if nothing were recorded, with the flag to give.
    """
    folders = [(source if source.is_dir() else source.parent).resolve(), saved_model.resolve()]
    for item in (item for table in report.get("tables", ()) for item in table["files"]):
        path = Path(item["path"])
        for file in (path, saved_model / "assets" / path.name):
            if file.is_file() and any(file.resolve().is_relative_to(folder) for folder in folders):
                yield _text(item["recorded"]), file
                break


def _behavior(findings: Sequence[dict[str, str]]) -> str:
    """Returns whether the model was turned to inference, as far as there was anything to turn."""
    could = [item for item in findings if not item["reason"]]
    return REMOVE if any(item["became"] for item in could) or not could else KEEP


def _tensor_names(signature: dict[str, dict[str, dict[str, str]]]) -> tuple[dict[str, str], dict[str, str]]:
    inputs, outputs = ({key: _text(item["tensor"]) for key, item in signature[end].items()} for end in _ENDS)
    return inputs, outputs


_ENDS = ("inputs", "outputs")


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError(f"expected text, found {found!r}")
    return found


def _fetched(outputs: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yields the tensors that a training step returned though it would not by itself; its losses do no harm."""
    yield from (_text(item["tensor"]) for key, item in outputs.items() if key not in (LOSS, COUNTER, DONE))
