"""Refuses a name_map that leads to a variable which nobody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compat_saver.errors import UsageError, nearest_names
from compat_saver.saver.matching.fit import whole_of
from compat_saver.saver.matching.naming import NameMap


def require_targets(name_map: NameMap | None, wanted: Iterable[str]) -> None:
    """Raises UsageError for an exact name of the map that leads to no variable.

    What a regular expression or a function makes is not asked for: it speaks of all names at once. Nor is a name that
    the map itself leads away from: two tensors may change their names though only one of them is asked for.

    Args:
        name_map: name in the checkpoint -> name of the variable.
        wanted: the names under which the variables are looked for; a part stands for its whole and the whole for its
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
