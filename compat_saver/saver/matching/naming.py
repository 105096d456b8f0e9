"""The names under which tensors of a checkpoint are looked for: scope, moving averages and the caller's map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import (
    VALUE,
    VALUE_KEY,
    decode_object_graph,
    find_object,
    paths_from,
    stored_objects,
)
from compat_saver.checkpoints.renaming import new_names_of
from compat_saver.errors import UsageError, nearest_names
from compat_saver.keras_files import KerasFile
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.saver.matching.conversions import original_of
from compat_saver.saver.matching.fit import Tensors, whole_of

NameMap = Mapping[str | re.Pattern[str], str] | Callable[[str], str]
"""Name in the checkpoint -> name of the variable, as an assignment_map of TF1 has it.

A mapping holds exact names, and compiled regular expressions with the replacement for their matches. An exact name
comes first; every expression is tried on all other names, in order. Or a function, called for every name.
"""


@dataclass(frozen=True)
class Matching:
    """How the caller wants variables and tensors to be matched.

    Attributes:
        strict: whether a variable without its tensor is an error.
        name_map: a NameMap; for load_into, names may also lead to the variables themselves.
        scope: only tensors below it count, and their names are taken without it.
        ema: whether moving averages take the place of their variables.
        reshape: whether a tensor of another shape and the same size will do.
    """

    strict: bool = True
    name_map: Any = None
    scope: str | None = None
    ema: bool = False
    reshape: bool = False


DEFAULT = Matching()
_AVERAGE_ENDING = f"/{AVERAGE}"


def stored_names(checkpoint: Tensors, matching: Matching = DEFAULT) -> dict[str, str]:
    """Returns name -> key of the checkpoint.

    What tf.train.Checkpoint wrote is known by its keys, by the path from object to object, and by the name that the
    variable had in its graph. A tensor that the map renames loses its other names, and takes its new name from one
    that the map does not mention.

    Args:
        checkpoint: the opened checkpoint.
        matching: the scope, the moving averages and the name map, applied in this order.

    Raises:
        UsageError: nothing is below the scope, there is no average, or the map fits nothing or gives two tensors the
            same name.
    """
    names = {key: key for key in checkpoint if key != OBJECT_GRAPH_KEY}
    for alias, key in _aliases(checkpoint, matching.scope):
        if key in names:  # a converted tensor may stand in its place
            names.setdefault(alias, key)
    if matching.scope:
        names = _below(matching.scope.strip("/"), names, checkpoint.prefix)
    if matching.ema:
        names = _averaged(names, checkpoint.prefix)
    return names if matching.name_map is None else _mapped(names, matching.name_map)


def require_targets(name_map: NameMap | None, wanted: Iterable[str]) -> None:
    """Raises UsageError for an exact name of the map that matches no variable.

    The results of a regular expression or a function are not checked: these apply to all names at once. Nor is a name
    that the map itself renames: two tensors may swap their names though only one of them is wanted.

    Args:
        name_map: name in the checkpoint -> name of the variable.
        wanted: the names under which the variables are looked for; a part counts for its whole and the whole for its
            parts.
    """
    if not isinstance(name_map, Mapping):
        return
    known = set(wanted)
    wholes = {whole_of(name) for name in known}
    exact = {old: new for old, new in name_map.items() if isinstance(old, str) and isinstance(new, str)}
    for old, new in exact.items():
        if not (new in known or whole_of(new) in wholes or new in exact):
            hint = nearest_names(new, sorted(known)) or "."
            raise UsageError(f"name_map: {old!r}: no variable is called {new!r}{hint}")


def names_to_paste(names: Mapping[str, str]) -> dict[str, str]:
    """Returns key -> the most readable of the names of a tensor."""
    found = {}
    for name, key in names.items():
        if names.get(key) != key or key.endswith(VALUE_KEY):
            found[key] = name
        else:
            found[key] = key
    return found


def _aliases(checkpoint: Tensors, scope: str | None) -> list[tuple[str, str]]:
    """Returns (other name, key); below an object that is the scope, paths start with the scope."""
    checkpoint = original_of(checkpoint)
    if isinstance(checkpoint, KerasFile):
        return list(checkpoint.aliases.items())
    if not isinstance(checkpoint, Checkpoint):
        return []
    items = [item for item in decode_object_graph(checkpoint).values() if item.attribute == VALUE]
    uses = Counter(item.full_name for item in items)
    paths = [(item.path, item.key) for item in items if item.path]
    # Variables without a name are all called "Variable".
    return [
        *_paths_below(checkpoint, scope),
        *paths,
        *((item.full_name, item.key) for item in items if item.full_name and uses[item.full_name] == 1),
    ]


def _paths_below(checkpoint: Checkpoint, scope: str | None) -> list[tuple[str, str]]:
    if not scope:
        return []
    objects = stored_objects(checkpoint)
    start = find_object(objects, scope.strip("/"))
    paths = {} if start is None else paths_from(objects, start)
    return [(f"{scope.strip('/')}/{path}", objects[n].key) for n, path in paths.items() if path and objects[n].key]


def _below(scope: str, names: Mapping[str, str], prefix: str) -> dict[str, str]:
    head = f"{scope}/"
    found = {name.removeprefix(head): key for name, key in names.items() if name.startswith(head)}
    if not found:
        scopes = sorted({name.rpartition("/")[0] for name in names} - {""})
        hint = nearest_names(scope, scopes)
        raise UsageError(f"{prefix}: scope {scope!r}: no tensor of the checkpoint is below it{hint or '.'}")
    return found


def _averaged(names: Mapping[str, str], prefix: str) -> dict[str, str]:
    averages = {
        name.removesuffix(_AVERAGE_ENDING): key for name, key in names.items() if name.endswith(_AVERAGE_ENDING)
    }
    if not averages:
        raise UsageError(
            f"{prefix}: ema: the checkpoint holds no moving averages: no name ends with {_AVERAGE_ENDING!r}."
        )
    return {**names, **averages}


def _mapped(names: Mapping[str, str], name_map: NameMap) -> dict[str, str]:
    new_names, mentioned = _new_names(names, name_map)
    moved = {names[name] for name in mentioned}
    found: dict[str, str] = {}
    for name in (name for name in names if name in mentioned):
        key, new = names[name], new_names[name]
        if found.setdefault(new, key) != key:
            first, second = sorted((found[new], key))
            raise UsageError(f"name_map: {first!r} and {second!r} would both be {new!r}.")
    kept = {name: key for name, key in names.items() if name not in mentioned and key not in moved}
    return {**kept, **found}


def _new_names(names: Mapping[str, str], name_map: NameMap) -> tuple[dict[str, str], set[str]]:
    """Returns the new name of every name, and the names that the map mentions."""
    if callable(name_map):
        new_names = {name: _called(name_map, name) for name in names}
        exact = {}
    else:
        for old, new in name_map.items():
            if not isinstance(old, str | re.Pattern) or not isinstance(new, str):
                raise UsageError(f"name_map: expected names or compiled patterns -> names, found {old!r}: {new!r}.")
        exact = {old: new for old, new in name_map.items() if isinstance(old, str)}
        patterns = [(old, new) for old, new in name_map.items() if isinstance(old, re.Pattern)]
        new_names = new_names_of(list(names), exact, patterns)
    return new_names, {name for name, new in new_names.items() if new != name or name in exact}


def _called(name_map: Callable[[str], str], name: str) -> str:
    new = name_map(name)
    if not isinstance(new, str):
        raise UsageError(f"name_map: the function must return a name for {name!r}, but returned {new!r}.")
    return new
