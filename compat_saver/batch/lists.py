"""Lists of models: a text, CSV or YAML file, or what Python gives.

A model may have options of its own, under the names of the arguments of `compat_saver.migrate`, also with dashes:

text    a source per line; `#` starts a comment
CSV     a head with `source`, perhaps `name`, and options; a cell is read as YAML, an empty one does not count
YAML    a list of sources, or of mappings with `source`, perhaps `name`, and options

Relative paths of a file are relative to its directory.
"""

from __future__ import annotations

import csv
import dataclasses
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from compat_saver.batch.names import as_name
from compat_saver.errors import UsageError, nearest_names
from compat_saver.keras_models.routing import parse_custom
from compat_saver.migration.options import MigrationOptions, make_options, signatures_of
from compat_saver.sniff import special_file
from compat_saver.sources.remote import is_url
from compat_saver.sources.yaml_files import parse_yaml, read_yaml

_YAML = (".yaml", ".yml", ".json")
_CSV = ".csv"
_PATHS = ("meta_graph", "verify_data", "signatures", "architecture")
_LISTS = ("inputs", "outputs", "train_ops", "train_outputs", "output_tags", "to", "allow")
_OF_THE_BATCH = ("dry_run", "overwrite", "memory", "isolate")
OF_KERAS = ("architecture", "custom_objects")
"""Arguments of `migrate` that only models of Keras have."""

Model = str | PathLike[str] | Mapping[str, Any]
"""A path, or a mapping with `source`, perhaps `name`, and options."""


@dataclass(frozen=True)
class Listed:
    """A model as a list has it.

    Attributes:
        source: its path.
        name: the name it is given; "" for none.
        options: arguments of its migration.
        where: the place in the list, for messages.
    """

    source: Path
    name: str
    options: Mapping[str, Any]
    where: str


def read_list(path: Path) -> Iterator[Listed]:
    """Yields the models of a file.

    Raises:
        UsageError: it is not there, or no list; the message says where.
    """
    if special := special_file(path):
        raise UsageError(f"{path}: expected a directory or a list of models, found {special}.")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such directory, nor a list of models (text, CSV or YAML).")
    rows = _rows_of_yaml(path) if path.name.endswith(_YAML) else _rows_of_text(path)
    for where, row in rows:
        signatures = row.get("signatures")
        served = {"signatures": signatures_of(f"{path}, {where}", signatures)} if isinstance(signatures, dict) else {}
        yield _listed({**row, **served}, f"{path}, {where}", path.parent)


def _rows_of_yaml(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = read_yaml(path)
    if not isinstance(found, list):
        raise UsageError(f"{path}: expected a list of models, found {type(found).__name__}.")
    for number, item in enumerate(found, 1):
        yield f"model {number}", item if isinstance(item, dict) else {"source": item}


def _rows_of_text(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: expected a list of models as text, CSV or YAML, found bytes.") from None
    if path.name.endswith(_CSV):
        reader = csv.DictReader(text.splitlines())
        for row in reader:
            yield f"line {reader.line_num}", _cells(row, f"{path}, line {reader.line_num}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.strip().startswith("#"):
            yield f"line {number}", {"source": line.strip()}


def _cells(row: Mapping[str | None, Any], where: str) -> dict[str, Any]:
    if None in row:
        raise UsageError(f"{where}: there are more cells than heads.")
    found = {str(key).strip(): value for key, value in row.items() if value and value.strip()}
    try:
        return {key: value if key in ("source", "name") else parse_yaml(value) for key, value in found.items()}
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: expected a value as in YAML: {error}") from None


def given_models(sources: Iterable[Model]) -> Iterator[Listed]:
    """Yields the models that Python gives.

    Raises:
        UsageError: one of them is none; the message says which.
    """
    for number, item in enumerate(sources, 1):
        row = item if isinstance(item, Mapping) else {"source": item}
        yield _listed(row, f"model {number}", Path())


def _listed(row: Mapping[str, Any], where: str, directory: Path) -> Listed:
    options = {str(key).replace("-", "_"): value for key, value in row.items()}
    source, name = options.pop("source", None), options.pop("name", "")
    if not isinstance(source, str | PathLike) or not str(source):
        raise UsageError(f"{where}: expected `source`, a path, found {source!r}.")
    if is_url(source):
        raise UsageError(f"{where}: expected a path on this machine, found {source}. Copy it first.")
    if not isinstance(name, str) or name != as_name(name):
        raise UsageError(f"{where}: expected `name` of letters, digits and `._+-`, found {name!r}.")
    known = _known_options()
    for key in options:
        if key not in known:
            raise UsageError(f"{where}: there is no option {key!r}{nearest_names(key, known) or '.'}")
    return Listed(directory / source, name, _as_arguments(options, directory), where)


def _known_options() -> list[str]:
    fields = {item.name for item in dataclasses.fields(MigrationOptions)}
    return sorted((fields | {*OF_KERAS, *inspect.signature(make_options).parameters} - {"others"}) - {*_OF_THE_BATCH})


def _as_arguments(options: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Returns options as `migrate` takes them: `a,b` for a list, and paths relative to the list.

    Raises:
        UsageError: custom objects are of another form.
    """
    for key in _LISTS:
        if isinstance(options.get(key), str):
            options[key] = [item.strip() for item in options[key].split(",") if item.strip()]
    for key in _PATHS:
        if isinstance(options.get(key), str) and not is_url(options[key]):
            options[key] = str(directory / options[key])
    custom = options.get("custom_objects")
    if isinstance(custom, str | list):
        listed = custom.split(",") if isinstance(custom, str) else custom
        options["custom_objects"] = dict(parse_custom(str(item).strip()) for item in listed)
    if isinstance(options.get("assets"), dict):
        options["assets"] = {old: str(directory / new) for old, new in options["assets"].items()}
    return options
