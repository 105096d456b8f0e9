"""Keras variables under the names that they would have, had their layers been counted as the checkpoint's were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from compat_saver.saver.load_into.targets import COUNTED, INNER, LAYERS, OWN, TargetVariable, is_keras_variable
from compat_saver.saver.matching.fit import Fit
from compat_saver.saver.matching.numbering import renumbered, stem_of

_WAYS = (OWN, INNER, LAYERS)


def with_counted_names(
    variables: Sequence[TargetVariable],
    shapes: Mapping[str, tuple[int, ...]],
    names: Mapping[str, str],
    generated: Callable[[], set[str]],
) -> list[TargetVariable]:
    """Returns the variables, and those of Keras with the names that they have by the order of the numbers.

    Only names that Keras made up are told by their order, and only where nothing else is left to go by.

    Args:
        variables: those of a target.
        shapes: of the tensors.
        names: the names under which the tensors go -> keys.
        generated: called for the names that Keras generates for layers such as the target's, without numbers.
    """
    stored = {name: shapes[key] for name, key in names.items()}
    of_keras = [item for item in variables if is_keras_variable(item.variable)]
    counted: dict[int, str] = {}
    for way in _WAYS:
        called = {name_by(item, way): item for item in of_keras}
        found = renumbered({name: item.shape for name, item in called.items()}, stored)
        if found is None or not found.is_clear or not {stem_of(old) for old in found.parts} <= generated():
            continue
        if len(found.names) > len(counted):
            counted = {id(called[new]): old for old, new in found.names.items()}
    ways = [{COUNTED: counted[id(item)]} if id(item) in counted else {} for item in variables]
    return [replace(item, names={**item.names, **more}) for item, more in zip(variables, ways, strict=True)]


def name_by(item: TargetVariable, way: str) -> str:
    """Returns what a way of naming calls a variable, or else the way that it builds upon."""
    return item.names.get(way) or item.names.get(INNER) or item.names.get(OWN, item.name)


def note_of(variables: Sequence[TargetVariable], found: Fit) -> tuple[str, ...]:
    """Returns the sentence of which layers were told by the order of their numbers; none if none were."""
    parts: dict[str, str] = {}
    for match in found.matches:
        item = variables[match.wanted.number]
        others = {name for way, name in item.names.items() if way != COUNTED}
        if match.name == item.names.get(COUNTED) and match.name not in others:
            parts |= _changed(match.name, [name_by(item, way) for way in _WAYS])
    if not parts:
        return ()
    pairs = ", ".join(f"{old!r} into {new!r}" for old, new in parts.items())
    return (f"Keras numbers layers on from model to model; they were matched in the order of their numbers: {pairs}.",)


def _changed(stored: str, names: Sequence[str]) -> dict[str, str]:
    """Returns the parts of a stored name that differ from those of the first name that has as many of the same kind."""
    old = stored.split("/")
    for name in names:
        new = name.split("/")
        if [stem_of(part) for part in old] == [stem_of(part) for part in new]:
            return {was: now for was, now in zip(old, new, strict=True) if was != now}
    return {}
