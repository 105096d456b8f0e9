"""The names under which each variable of a target is looked for in a checkpoint, likeliest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compat_saver.analysis.values.weights import fits
from compat_saver.errors import UsageError, nearest_names
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.load_into.positions import require_agreement
from compat_saver.saver.load_into.targets import (
    COUNTED,
    FLAT,
    INNER,
    LAYERS,
    LOCAL,
    OBJECTS,
    OLDER,
    OWN,
    PAIRED,
    STORED,
    TargetVariable,
    is_keras_variable,
    is_variable,
    name_by,
)
from compat_saver.saver.matching.fit import Fit, Tensors, Wanted, whole_of
from compat_saver.saver.matching.naming import DEFAULT, Matching, NameMap, stored_names
from compat_saver.saver.matching.numbering import renumbered, stem_of
from compat_saver.saver.variables import unwrapped

LoadMap = Mapping[str | re.Pattern[str], Any] | Callable[[str], str]
"""A NameMap, or a mapping from exact names to the variables themselves."""

_WAYS = (OWN, INNER, LAYERS, LOCAL, OBJECTS, FLAT, COUNTED, OLDER, PAIRED)
_KERAS_WAYS = (OWN, INNER, LAYERS)


def wanted_of(
    variables: Sequence[TargetVariable],
    tensors: Tensors,
    matching: Matching = DEFAULT,
    generated: Callable[[], set[str]] = set,
) -> tuple[list[Wanted], dict[str, str], list[TargetVariable]]:
    """Returns what is wanted of a checkpoint, in the order of the variables, its names -> keys, and the variables.

    The variables then have more names: those that they would have, had Keras numbered their layers as the checkpoint's.

    Args:
        variables: those of the target.
        tensors: the checkpoint.
        matching: what the caller said of the names; its name_map is a LoadMap.
        generated: called for the names that Keras generates for layers such as the target's, without numbers.

    Raises:
        RestoreError: names and positions find everything, and not the same.
        UsageError: as for `stored_names`, and where the map leads to a variable that the target does not have.
    """
    pinned = _pinned(matching.name_map, variables)
    plain_map = _plain(matching.name_map, variables)
    plain = stored_names(tensors, replace(matching, name_map=None))
    names = stored_names(tensors, replace(matching, name_map=plain_map)) if plain_map is not None else plain
    mapped = _mapped(names, plain, plain_map) if plain_map is not None else set()
    variables = [
        _with_names_left(item, names, plain)
        for item in with_counted_names(variables, tensors.shapes(), plain, generated)
    ]
    decided = {id(item.variable) for item in variables if not mapped.isdisjoint((item.name, *item.names.values()))}
    require_agreement(variables, decided | pinned.keys(), tensors, names, matching)
    ways = _ways(variables, tensors, names)
    wanted = [
        Wanted(item.name, item.dtype, item.shape, _keys(item, ways, pinned, mapped), None, matching.reshape, number)
        for number, item in enumerate(variables)
    ]
    return wanted, names, list(variables)


def _pinned(name_map: LoadMap | None, variables: Sequence[TargetVariable]) -> dict[int, str]:
    """Returns id of a variable -> its name in the map, if the map holds the variable itself."""
    known = {id(kept): item for item in variables for kept in (item.variable, unwrapped(item.variable))}
    found: dict[int, str] = {}
    for name, variable in _variables_in(name_map).items():
        item = known.get(id(variable))
        if item is None:
            raise UsageError(f"name_map: the variable of {name!r} does not belong to the target.")
        if found.setdefault(id(item.variable), name) != name:
            other = found[id(item.variable)]
            raise UsageError(f"name_map: {other!r} and {name!r} would both be the variable {item.name!r}.")
    return found


def _variables_in(name_map: LoadMap | None) -> dict[str, Any]:
    if not isinstance(name_map, Mapping):
        return {}
    return {name: value for name, value in name_map.items() if isinstance(name, str) and is_variable(value)}


def _plain(name_map: LoadMap | None, variables: Sequence[TargetVariable]) -> NameMap | None:
    """Returns the map from names to names; a tensor that is mapped to a variable itself keeps its name."""
    if not isinstance(name_map, Mapping):
        return name_map
    pins = _variables_in(name_map)
    known = {name for item in variables for name in (item.name, *item.names.values())}
    plain: dict[str | re.Pattern[str], Any] = {}
    for old, new in name_map.items():
        plain[old] = new.removesuffix(":0") if isinstance(new, str) else new
        if isinstance(old, str) and old in pins:
            plain[old] = old
        elif isinstance(old, str) and isinstance(new, str):
            _require_known(plain[old], known)
    return plain


def _require_known(name: str, known: set[str]) -> None:
    if name not in known and whole_of(name) not in known and f"{name}/part_0" not in known:
        raise UsageError(f"name_map: no variable is called {name!r}{nearest_names(name, sorted(known)) or '.'}")


def _with_names_left(item: TargetVariable, names: Mapping[str, str], plain: Mapping[str, str]) -> TargetVariable:
    """Returns a variable, without its name by the order of numbers if the map gave that name to another tensor."""
    counted = item.names.get(COUNTED)
    if counted is None or names.get(counted) == plain[counted]:
        return item
    return replace(item, names={way: name for way, name in item.names.items() if way != COUNTED})


def _mapped(names: Mapping[str, str], plain: Mapping[str, str], name_map: NameMap) -> set[str]:
    """Returns the names that the map produced, or mapped to themselves; that of a part also counts for the whole."""
    made = {name for name, key in names.items() if plain.get(name) != key}
    if isinstance(name_map, Mapping):
        made |= {new for old, new in name_map.items() if isinstance(old, str) and old == new}
    return made | {whole_of(name) for name in made}


def _ways(variables: Sequence[TargetVariable], tensors: Tensors, names: Mapping[str, str]) -> list[str]:
    """Returns the ways of naming, first the one by which most variables are found.

    A checkpoint was written by one program, which named everything in one way. If two ways find equally many, the way
    of the program that wrote it comes first: by objects, if the checkpoint is object-based.
    """
    is_object_based = OBJECT_GRAPH_KEY in tensors.shapes()
    order = tuple(dict.fromkeys((STORED, OBJECTS, *_WAYS))) if is_object_based else _WAYS
    shapes = tensors.shapes()
    scores = {way: len(_found_by(way, variables, shapes, names)) for way in order}
    return sorted(order, key=lambda way: -scores[way])


def _found_by(
    way: str, variables: Sequence[TargetVariable], shapes: Mapping[str, tuple[int, ...]], names: Mapping[str, str]
) -> set[str]:
    """Returns the names that find a tensor of the right shape; one that two variables share counts once."""
    wanted = ((item.names[way], item.shape) for item in variables if way in item.names)
    return {name for name, shape in wanted if name in names and fits(shapes[names[name]], shape)}


def _keys(item: TargetVariable, ways: Sequence[str], pinned: Mapping[int, str], mapped: set[str]) -> tuple[str, ...]:
    """Returns the names under which a variable is looked for: those of the caller before likely ones."""
    if id(item.variable) in pinned:
        return (pinned[id(item.variable)],)
    taken = set(pinned.values())
    likely = [item.names[way] for way in ways if way in item.names]
    given = [name for name in (item.name, *likely) if name in mapped]
    return tuple(name for name in dict.fromkeys((*given, *likely)) if name not in taken)


# ---- layers that Keras numbered differently


def with_counted_names(
    variables: Sequence[TargetVariable],
    shapes: Mapping[str, tuple[int, ...]],
    names: Mapping[str, str],
    generated: Callable[[], set[str]],
) -> list[TargetVariable]:
    """Returns the variables, those of Keras with the names that they have by the order of the numbers.

    Only names that Keras generated are matched by their order, and only if nothing else can decide.

    Args:
        variables: those of a target.
        shapes: of the tensors.
        names: the names under which the tensors go -> keys.
        generated: called for the names that Keras generates for layers such as the target's, without numbers.
    """
    stored = {name: shapes[key] for name, key in names.items()}
    of_keras = [item for item in variables if is_keras_variable(item.variable)]
    counted: dict[int, str] = {}
    for way in _KERAS_WAYS:
        called = {name_by(item, way): item for item in of_keras}
        found = renumbered({name: item.shape for name, item in called.items()}, stored)
        if found is None or not found.is_clear or not {stem_of(old) for old in found.parts} <= generated():
            continue
        if len(found.names) > len(counted):
            counted = {id(called[new]): old for old, new in found.names.items()}
    ways = [{COUNTED: counted[id(item)]} if id(item) in counted else {} for item in variables]
    return [replace(item, names={**item.names, **more}) for item, more in zip(variables, ways, strict=True)]


def note_of(variables: Sequence[TargetVariable], found: Fit) -> tuple[str, ...]:
    """Returns a note with the layers that were matched by the order of their numbers; none if there are none."""
    parts: dict[str, str] = {}
    for match in found.matches:
        item = variables[match.wanted.number]
        others = {name for way, name in item.names.items() if way != COUNTED}
        if match.name == item.names.get(COUNTED) and match.name not in others:
            parts |= _changed(match.name, [name_by(item, way) for way in _KERAS_WAYS])
    if not parts:
        return ()
    pairs = ", ".join(f"{old!r} into {new!r}" for old, new in parts.items())
    return (f"Keras continues the numbers of layers from model to model; layers were matched in this order: {pairs}.",)


def _changed(stored: str, names: Sequence[str]) -> dict[str, str]:
    """Returns the parts of a stored name that differ from those of the first name that has as many of the same kind."""
    old = stored.split("/")
    for name in names:
        new = name.split("/")
        if [stem_of(part) for part in old] == [stem_of(part) for part in new]:
            return {was: now for was, now in zip(old, new, strict=True) if was != now}
    return {}
