"""Finds inputs that are the parts of one ragged tensor: its values, and splits for each ragged dimension."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COMPONENT = re.compile(r"(?P<owner>.+)_component_(?P<place>\d+)")
_NAMED = re.compile(r"(?P<owner>(?:.+/)?)(?:flat_values|row_splits_(?P<splits>\d+))(?:_\d+)?:0")


@dataclass(frozen=True)
class RaggedInput:
    """Inputs that belong together.

    Attributes:
        values: the key of the values of all rows, one after the other.
        splits: the keys of the splits, those of the outermost dimension first: where each row starts, and where the
            last one ends.
    """

    values: str
    splits: tuple[str, ...]


def ragged_inputs(inputs: Iterable[tuple[str, str]]) -> Iterator[RaggedInput]:
    """Yields the ragged tensors among some inputs.

    Two signs tell: keys as a signature of the file gives them to the components of a ragged tensor; or names as
    tf.ragged.placeholder gives them, `x/flat_values` and `x/row_splits_0`.

    Args:
        inputs: the key and the tensor's name in the original graph.
    """
    groups: dict[str, dict[int, str]] = {}
    for key, name in inputs:
        by_key, by_name = _COMPONENT.fullmatch(key), _NAMED.fullmatch(name)
        if by_key is not None:
            groups.setdefault(by_key["owner"], {})[int(by_key["place"])] = key
        elif by_name is not None:
            place = 0 if by_name["splits"] is None else int(by_name["splits"]) + 1
            groups.setdefault(by_name["owner"], {})[place] = key
    for parts in groups.values():
        if len(parts) > 1 and sorted(parts) == list(range(len(parts))):
            yield RaggedInput(parts[0], tuple(parts[place] for place in range(1, len(parts))))
