"""Reads YAML files written by hand; JSON is YAML, so the name of the file does not matter."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from compat_saver.errors import UsageError


def read_yaml(path: str | PathLike[str]) -> Any:
    """Returns what a JSON or YAML file holds.

    Raises:
        UsageError: there is none, it is something else, or a mapping gives a key twice.
    """
    try:
        return _parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a JSON or YAML file: {error}") from None
    except RecursionError:
        raise UsageError(f"{path}: expected a JSON or YAML file, found brackets in brackets without end") from None


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError:
        import yaml

        try:
            return yaml.load(text, _loader(yaml))
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error


def _loader(yaml: Any) -> Any:
    """Returns yaml's safe loader, made to refuse a key that is given more than once."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            names = [self.construct_object(key, deep=deep) for key, _ in node.value]
            _without_repeats([(name, None) for name in names])
            return dict(super().construct_mapping(node, deep=deep))

    return Loader


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} is given more than once")
    return dict(pairs)
