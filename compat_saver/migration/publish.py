"""Lets an output directory appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from compat_saver.errors import OutputExistsError, UsageError


@contextlib.contextmanager
def staged(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """Gives a directory beside `output` to write into, and renames it to `output` if the block ends well.

    If the block raises, nothing is left behind and an older output is as it was.

    Raises:
        OutputExistsError: `output` is there and may not be replaced.
        UsageError: its directory cannot be written to.
    """
    refuse_existing(output, overwrite=overwrite)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise UsageError(f"Nothing can be written beside {output}: {error}") from None
    try:
        yield work / "model"
        refuse_existing(output, overwrite=overwrite)
        if os.path.lexists(output):
            output.rename(work / "replaced")
        try:
            (work / "model").rename(output)
        except OSError:
            if (work / "replaced").exists():
                (work / "replaced").rename(output)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def refuse_existing(output: Path, *, overwrite: bool) -> None:
    """Raises OutputExistsError if `output` is there and may not be replaced; only a SavedModel ever may."""
    if not os.path.lexists(output):
        return
    if not overwrite:
        raise OutputExistsError(f"{output} is already there. Name another output, or replace it with --overwrite.")
    is_model = (output / "saved_model.pb").is_file()
    if not (is_model or (output.is_dir() and not any(output.iterdir()))):
        raise OutputExistsError(
            f"{output} is already there and is no SavedModel, so --overwrite leaves it alone. Name another output."
        )
