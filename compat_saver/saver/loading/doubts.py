"""Files that know the positions of layers: where these and the names disagree, a person has to say which is right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from compat_saver import _tensorflow
from compat_saver.errors import RestoreError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.loading.counting import name_by
from compat_saver.saver.loading.targets import COUNTED, INNER, LAYERS, OBJECTS, OWN, STORED, TargetVariable
from compat_saver.saver.matching.advice import pasted
from compat_saver.saver.matching.fit import fits
from compat_saver.saver.matching.keras_files import KerasFile
from compat_saver.saver.matching.naming import Given, names_to_paste
from compat_saver.saver.matching.numbering import kind_of
from compat_saver.saver.matching.outcome import Mismatched, RestoreReport, described
from compat_saver.saver.matching.tensors import Tensors

_POSITION = re.compile(r"(^|[/-])\d+(/|$)")


def require_no_doubt(
    variables: Sequence[TargetVariable],
    decided: Collection[int],
    tensors: Tensors,
    names: Mapping[str, str],
    given: Given,
) -> None:
    """Raises a RestoreError where positions find everything, and names do too or are of another kind, and not the same.

    Args:
        variables: those of the target.
        decided: the ids of those of which a person said which tensor is theirs.
        tensors: the checkpoint; one that is purely of names leaves no doubt.
        names: the names under which its tensors go -> keys.
        given: what the person said of the names.
    """
    if not isinstance(tensors, KerasFile) and OBJECT_GRAPH_KEY not in tensors.shapes():
        return
    open_ = [item for item in variables if id(item.variable) not in decided]
    by_position = _answer((STORED, OBJECTS), open_, tensors, names)
    if by_position is None:
        return
    by_name = _answer((OWN, INNER, LAYERS, COUNTED), open_, tensors, names)
    if by_name is None:
        by_name = _telling(open_, by_position, tensors, names)
    rows = [
        (item, named, placed)
        for item, named, placed in zip(open_, by_name, by_position, strict=True)
        if named and names[named] != names[placed] and _POSITION.search(placed)
    ]
    if rows:
        raise _doubt(rows, tensors, names, given)


def _telling(
    variables: Sequence[TargetVariable], by_position: Sequence[str], tensors: Tensors, names: Mapping[str, str]
) -> list[str]:
    """Returns the name of every variable that is in the checkpoint, if at its position is one of another kind; or "".

    Of names of one kind, `dense` and `dense_1`, only all together tell something.
    """
    own, shapes = names_to_paste(names), tensors.shapes()
    found = []
    for item, placed in zip(variables, by_position, strict=True):
        known = (name for name in (name_by(item, way) for way in (OWN, INNER)) if name in names)
        named = next((name for name in known if fits(shapes[names[name]], item.shape)), "")
        is_other = kind_of(named) != kind_of(own[names[placed]])
        found.append(named if is_other else "")
    return found


def _answer(
    ways: Sequence[str], variables: Sequence[TargetVariable], tensors: Tensors, names: Mapping[str, str]
) -> list[str] | None:
    """Returns the names of all variables by the first way that finds each a tensor of its own; None if none does."""
    shapes = tensors.shapes()
    for way in ways:
        found = [
            item.names.get(way, "") if way in (COUNTED, STORED, OBJECTS) else name_by(item, way) for item in variables
        ]
        keys = [names.get(name) for name in found]
        if len(set(keys)) == len(keys) and all(
            key is not None and fits(shapes[key], item.shape) for key, item in zip(keys, variables, strict=True)
        ):
            return found
    return None


def _doubt(
    found: Sequence[tuple[TargetVariable, str, str]], tensors: Tensors, names: Mapping[str, str], given: Given
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
        f"{tensors.prefix} does not say for certain which tensor is whose: the names say "
        "something else than the positions of the layers. Nothing was restored.",
        *(f"  - {row.name!r}: {row.found}." for row in mismatched[:10]),
        f"If the names are right, {pasted({named: item.name for item, named, _ in rows}, given)}.",
        f"If the positions are right, {pasted({placed: item.name for item, _, placed in rows}, given)}.",
    ]
    error = RestoreError("\n".join(lines), RestoreReport(tensors.prefix, mismatched=mismatched))
    return _tensorflow.as_also(error, "InvalidArgumentError")
