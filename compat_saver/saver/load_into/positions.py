"""Detects object-based and HDF5 checkpoints whose layer order contradicts the variable names; the user must choose."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from compat_saver.analysis.values.weights import fits
from compat_saver.errors import RestoreError
from compat_saver.keras_files import KerasFile
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.targets import (
    COUNTED,
    FLAT,
    INNER,
    LAYERS,
    OBJECTS,
    OWN,
    STORED,
    TargetVariable,
    name_by,
)
from compat_saver.saver.matching.advice import pasted
from compat_saver.saver.matching.conversions import original_of
from compat_saver.saver.matching.fit import Tensors
from compat_saver.saver.matching.naming import Matching, names_to_paste
from compat_saver.saver.matching.numbering import kind_of
from compat_saver.saver.matching.report import Mismatched, RestoreReport, described

_POSITION = re.compile(r"(^|[/-])\d+(/|$)")


def require_agreement(
    variables: Sequence[TargetVariable],
    decided: Collection[int],
    tensors: Tensors,
    names: Mapping[str, str],
    matching: Matching,
) -> None:
    """Raises a RestoreError if names and positions find matching tensors, but different ones.

    If positions find everything, one name of another kind is enough. If positions find only some, or start below the
    root of the checkpoint, names must find everything, some of it at the position of another variable.

    Args:
        variables: those of the target.
        decided: the ids of those whose tensor the caller chose.
        tensors: the checkpoint; one that has names only cannot contradict them.
        names: the names of its tensors -> keys.
        matching: what the caller said of the names.
    """
    if not isinstance(original_of(tensors), KerasFile) and OBJECT_GRAPH_KEY not in tensors.shapes():
        return
    open_ = [item for item in variables if id(item.variable) not in decided]
    by_position = _all_found((STORED, OBJECTS, FLAT), open_, tensors, names)
    by_name = _all_found((OWN, INNER, LAYERS, COUNTED), open_, tensors, names)
    if by_position is not None:
        by_name = by_name or _conflicting_names(open_, by_position, tensors, names)
        is_other = [
            bool(named) and names[named] != names[placed] and bool(_POSITION.search(placed))
            for named, placed in zip(by_name, by_position, strict=True)
        ]
    elif by_name is not None:
        by_position, is_other = _swapped(open_, by_name, tensors, names)
    if by_name is not None and by_position is not None and any(is_other):
        rows = list(itertools.compress(zip(open_, by_name, by_position, strict=True), is_other))
        raise _disagreement(rows, tensors, names, matching)


def _swapped(
    variables: Sequence[TargetVariable], by_name: Sequence[str], tensors: Tensors, names: Mapping[str, str]
) -> tuple[list[str], list[bool]]:
    """Returns positions, "" if unknown, and which of them disagree with the names; none if one way agrees with them.

    Positions contradict the names if the tensor that a variable has by name is at the position of another.
    """
    found: tuple[list[str], list[bool]] = ([], [])
    shapes = tensors.shapes()
    for is_numbered, row in _partial(variables):
        known = [
            name if name in names and fits(shapes[names[name]], item.shape) else ""
            for name, item in zip(row, variables, strict=True)
        ]
        if is_numbered:
            known = [name if _POSITION.search(name) else "" for name in known]
        if len({names[name] for name in known if name}) != len([name for name in known if name]):
            continue
        pairs = list(zip(by_name, known, strict=True))
        is_other = [bool(placed) and names[named] != names[placed] for named, placed in pairs]
        keys = {names[placed] for placed in known if placed}
        if any(known) and not any(is_other):
            return [], []
        if not any(found[1]) and any(
            names[named] in keys for (named, _), other in zip(pairs, is_other, strict=True) if other
        ):
            found = known, is_other
    return found


def _partial(variables: Sequence[TargetVariable]) -> Iterator[tuple[bool, list[str]]]:
    """Yields the ways to determine positions: whether only numbers are positions in it, and the names, "" for none."""
    for number in range(len(variables[0].places) if variables else 0):
        yield False, [item.places[number] for item in variables]
    yield False, [item.names.get(STORED, "") for item in variables]
    yield True, [_placed(item, FLAT) for item in variables]


def _placed(item: TargetVariable, way: str) -> str:
    """Returns the position of a variable by a way; variables outside a cell have no flat one of their own."""
    return item.names.get(way, "") or (item.names.get(OBJECTS, "") if way == FLAT else "")


def _conflicting_names(
    variables: Sequence[TargetVariable], by_position: Sequence[str], tensors: Tensors, names: Mapping[str, str]
) -> list[str]:
    """Returns the name of every variable in the checkpoint if a tensor of another kind is at its position; else "".

    Names of one kind, `dense` and `dense_1`, are significant only all together.
    """
    own, shapes = names_to_paste(names), tensors.shapes()
    found = []
    for item, placed in zip(variables, by_position, strict=True):
        known = (name for name in (name_by(item, way) for way in (OWN, INNER)) if name in names)
        named = next((name for name in known if fits(shapes[names[name]], item.shape)), "")
        is_other = kind_of(named) != kind_of(own[names[placed]])
        found.append(named if is_other else "")
    return found


def _all_found(
    ways: Sequence[str], variables: Sequence[TargetVariable], tensors: Tensors, names: Mapping[str, str]
) -> list[str] | None:
    """Returns the names of all variables by the first way that finds each a tensor of its own; None if none does."""
    shapes = tensors.shapes()
    for way in ways:
        found = [
            _placed(item, way) if way in (COUNTED, STORED, OBJECTS, FLAT) else name_by(item, way) for item in variables
        ]
        keys = [names.get(name) for name in found]
        if len(set(keys)) == len(keys) and all(
            key is not None and fits(shapes[key], item.shape) for key, item in zip(keys, variables, strict=True)
        ):
            return found
    return None


def _disagreement(
    found: Sequence[tuple[TargetVariable, str, str]], tensors: Tensors, names: Mapping[str, str], matching: Matching
) -> RestoreError:
    own = names_to_paste(names)
    rows = [(item, own[names[named]], own[names[placed]]) for item, named, placed in found]
    mismatched = tuple(
        Mismatched(
            item.name,
            named,
            described(item.dtype, item.shape),
            f"{named!r} by name and {placed!r} by position",
        )
        for item, named, placed in rows
    )
    lines = [
        f"{tensors.prefix}: the names of the tensors contradict the order of the layers, so the right tensors are not "
        "certain. Nothing was restored.",
        *(f"  - {row.name!r}: {row.found}." for row in mismatched[:10]),
        f"If the names are right, {pasted({named: item.name for item, named, _ in rows}, matching)}.",
        f"If the positions are right, {pasted({placed: item.name for item, _, placed in rows}, matching)}.",
    ]
    error = RestoreError("\n".join(lines), RestoreReport(tensors.prefix, mismatched=mismatched))
    return as_tf_error(error, "InvalidArgumentError")
