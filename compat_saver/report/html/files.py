"""Writes a page, which appears complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from compat_saver.bundle.publication import Publication
from compat_saver.errors import OutputExistsError

_MARK = b'<meta name="generator" content="compat-saver report">'


def refuse_other_file(path: Path) -> None:
    """Raises OutputExistsError if a path is there and is no page of this package, which may be replaced."""
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open("rb") as file:
            if _MARK in file.read(300):
                return
    raise OutputExistsError(f"{path} is already there and is no report, so it is left alone. Name another file.")


def write_page(path: Path, text: str) -> None:
    """Writes a page; one of an earlier run is replaced in one step.

    Raises:
        OutputExistsError: something else has the name.
        OSError: it cannot be written.
    """
    refuse_other_file(path)
    publication = Publication([str(path)], overwrite=True)
    try:
        publication.files[0].write(text.encode("utf-8", "backslashreplace"))
        publication.publish()
    except BaseException:
        publication.abandon()
        raise
