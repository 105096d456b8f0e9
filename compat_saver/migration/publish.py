"""Lets an output directory appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from compat_saver.errors import CompatSaverError, OutputExistsError, UsageError
from compat_saver.migration.staging import make_staging, remove_abandoned, remove_staging, replace_directory


@contextlib.contextmanager
def staged(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """Gives a directory beside `output` to write into, and renames it to `output` if the block ends well.

    If the block raises, nothing is left behind and an older output is as it was. If the process is killed, `output` is
    the old or the new one, and what is left beside it goes with the next call for the same output.

    Raises:
        OutputExistsError: `output` is there and may not be replaced.
        UsageError: its directory cannot be written to.
        OSError: what the block writes does not fit on the disk, for instance; its `filename` is set.
    """
    made: list[Path] = []
    try:
        made += _make_parents(output.parent)
        remove_abandoned(output)
        refuse_existing(output, overwrite=overwrite)
        work = make_staging(output)
    except OSError as error:
        _remove_empty(made)
        if isinstance(error, CompatSaverError):
            raise
        raise UsageError(f"Nothing can be written beside {output}: {error}") from None
    try:
        yield work / "model"
        refuse_existing(output, overwrite=overwrite)
        replace_directory(work / "model", output, work / "replaced")
    except OSError as error:
        if error.filename is None and not isinstance(error, CompatSaverError):
            error.filename = str(output)
        raise
    finally:
        remove_staging(work)
        if not os.path.lexists(output):
            _remove_empty(made)


def _make_parents(folder: Path) -> list[Path]:
    """Makes a directory and those above it; returns the new ones, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # it was never made, or is used by others
            folder.rmdir()


def refuse_existing(output: Path, *, overwrite: bool) -> None:
    """Raises OutputExistsError if `output` is there and may not be replaced; only what a migration writes ever may."""
    if not os.path.lexists(output):
        return
    if not overwrite:
        raise OutputExistsError(f"{output} is already there. Name another output, or replace it with --overwrite.")
    is_model = (output / "saved_model.pb").is_file() or (output.suffix == ".keras" and zipfile.is_zipfile(output))
    if not (is_model or (output.is_dir() and not any(output.iterdir()))):
        raise OutputExistsError(
            f"{output} is already there and is no SavedModel or .keras file, so --overwrite leaves it alone. Name "
            "another output."
        )
