"""Reads YAML files written by hand; JSON is YAML, so the name of the file does not matter."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from compat_saver.errors import UsageError
from compat_saver.sniff import special_file

_MOST_BYTES = 16_000_000
_DEEPEST = 50
_MOST_VALUES = 1_000_000
_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))
# What the constructors of yaml raise for a text that its tag does not fit, such as `!!bool perhaps`.
_UNFIT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


def read_yaml(path: str | PathLike[str]) -> Any:
    """Returns what a JSON or YAML file holds.

    Of YAML's types those of JSON count; a date, for instance, is a text. What aliases repeat counts as often as it is
    repeated, for a small file of them could stand for more values than any memory holds.

    Raises:
        UsageError: there is none, it is something else or too large, or a mapping gives a key twice.
    """
    try:
        return parse_yaml(_read(Path(path)))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a JSON or YAML file: {error}") from None
    except RecursionError:
        raise UsageError(f"{path}: expected a JSON or YAML file, found brackets in brackets without end") from None


def _read(path: Path) -> str:
    if special := special_file(path):
        raise ValueError(f"it is {special}")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return path.read_text(encoding="utf-8")


def parse_yaml(text: str) -> Any:
    """Returns what a text of JSON or YAML means, by the same rules.

    Raises:
        ValueError: it is neither.
        RecursionError: it nests without end.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError:
        import yaml

        try:
            return yaml.load(text, _loader(yaml))
        except (yaml.YAMLError, *_UNFIT) as error:
            raise ValueError(str(error)) from error


def _loader(yaml: Any) -> Any:
    """Returns yaml's safe loader, made to refuse repeated keys, other types than JSON's, and too many values."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self.depth += 1
            if self.depth > _DEEPEST:
                raise RecursionError
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

        def get_single_node(self) -> Any:
            node = super().get_single_node()
            if node is not None:
                _count_values(node, {})
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise ValueError(f"a key is a {key.id}, not a text{key.start_mark}")
            _without_repeats([(self.construct_object(key, deep=deep), None) for key, _ in node.value])
            return dict(super().construct_mapping(node, deep=deep))

    Loader.yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in found if tag in _TAGS]
        for start, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.yaml_constructors = {tag: yaml.SafeLoader.yaml_constructors[tag] for tag in (*_TAGS, None)}
    return Loader


def _count_values(node: Any, counts: dict[int, int | None]) -> int:
    """Returns how many values a node stands for, those that aliases repeat each time; refuses too many."""
    if id(node) in counts:
        known = counts[id(node)]
        if known is None:
            raise ValueError(f"an alias means what it is part of{node.start_mark}")
        return known
    counts[id(node)] = None
    children = node.value if isinstance(node.value, list) else ()
    pairs = (child if isinstance(child, tuple) else (child,) for child in children)
    total = 1 + sum(_count_values(item, counts) for pair in pairs for item in pair)
    if total > _MOST_VALUES:
        raise ValueError(f"it stands for more than {_MOST_VALUES:,} values, aliases counted")
    counts[id(node)] = total
    return total


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given more than once")
        found[name] = value
    return found
