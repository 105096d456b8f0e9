"""Which variable of a layer a path in a `.keras` file leads to, where weights have numbers instead of names.

`layers/bidirectional/forward_layer/cell/vars/0` is the first variable of the attribute `cell` of the attribute
`forward_layer`; in the lists `layers` and `cells` an item goes by its class and a number, `dense_1`, of which only the
order counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compat_saver.keras_files.class_names import by_number, snake_case
from compat_saver.keras_files.contents import Weight

_LISTS = {"layers": "layers", "_layer_checkpoint_dependencies": "layers", "cells": "cells"}
"""Name of a list in a path -> the attribute that has it; Keras 2.12 and 2.13 went by the second name."""
_OF_MODEL = 2
"""How many parts of a path lead to the layer itself: `layers/bidirectional`; an attribute of a model is one."""


def variables_of(layer: Any, weights: Sequence[Weight]) -> list[Any]:
    """Returns the variable for each weight of a layer; fewer where a path leads nowhere.

    Args:
        layer: of Keras 3.
        weights: those of the layer in the file.
    """
    parts = [weight.key.strip("/").split("/") for weight in weights]
    paths = [item[_OF_MODEL if item[0] in _LISTS else 1 :] for item in parts]
    found = [_follow(layer, path, paths) for path in paths]
    return [item for item in found if item is not None]


def _follow(layer: Any, path: Sequence[str], paths: Sequence[Sequence[str]]) -> Any:
    *places, _, number = path
    item, walked = layer, 0
    while walked < len(places) and item is not None:
        name = places[walked]
        if name in _LISTS:
            siblings = {other[walked + 1] for other in paths if list(other[: walked + 1]) == list(path[: walked + 1])}
            item = _listed(getattr(item, _LISTS[name], ()), places[walked + 1], siblings)
            walked += 2
        else:
            item = getattr(item, name, None)
            walked += 1
    variables = getattr(item, "weights", ())
    return variables[int(number)] if int(number) < len(variables) else None


def _listed(items: Sequence[Any], name: str, siblings: set[str]) -> Any:
    """Returns the item of a list that a name means: the names of one class are in the order of the items."""
    kind = by_number(name)[0]
    names = sorted((item for item in siblings if by_number(item)[0] == kind), key=by_number)
    of_kind = [item for item in items if snake_case(type(item).__name__) == kind]
    return of_kind[names.index(name)] if len(of_kind) == len(names) else None
