"""Going on after an error, to find all the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ParamSpec

from compat_saver.errors import ArtifactError

_P = ParamSpec("_P")


def errors_of(use: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> Iterator[ArtifactError]:
    """Yields the error that a call raises, if it raises one."""
    try:
        use(*args, **kwargs)
    except ArtifactError as error:
        yield error
