"""Choosing tensors by pattern."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence

from compat_saver.checkpoints.run import listed
from compat_saver.errors import UsageError, nearest_names


def matching(names: Iterable[str], patterns: Sequence[str]) -> set[str]:
    """Returns the names that match a shell pattern; `*` goes across slashes, and a pattern without `*` is a name.

    Raises:
        UsageError: a pattern that matches nothing; all such are named.
    """
    known = list(names)
    chosen: set[str] = set()
    idle = []
    for pattern in patterns:
        fits = re.compile(fnmatch.translate(pattern)).match
        found = {name for name in known if name == pattern or fits(name)}
        chosen |= found
        if not found:
            idle.append(pattern)
    if idle:
        hint = nearest_names(idle[0], known)
        raise UsageError(f"No tensor matches {listed(map(repr, idle))}{hint or '.'}")
    return chosen
