"""Which migrations are those of a Keras model."""

from __future__ import annotations

from os import PathLike, fspath

from compat_saver.errors import UsageError
from compat_saver.sources import Hdf5Source, KerasArchiveSource, resolve

SUFFIX = ".keras"


def is_keras_model(
    source: str | PathLike[str], output: str | PathLike[str], architecture: str | PathLike[str] | None
) -> bool:
    """Whether a migration is one of a Keras model, layer by layer.

    Its SavedModel has a graph as well, which is what a SavedModel is made of.

    Args:
        source: the path to migrate.
        output: the path to write.
        architecture: the configuration of the model; None if it is not given.
    """
    if fspath(output).endswith(SUFFIX) or architecture is not None:
        return True
    return isinstance(resolve(source, prefers_prefix=True), Hdf5Source | KerasArchiveSource)


def parse_custom(argument: str) -> tuple[str, str]:
    """Returns name and MODULE:NAME of `[NAME=]MODULE:NAME`.

    Raises:
        UsageError: it is of another form.
    """
    name, _, place = argument.rpartition("=")
    module, _, attribute = place.partition(":")
    if not module or not attribute:
        raise UsageError(f"--custom-objects: expected MODULE:NAME or NAME=MODULE:NAME, found {argument!r}.")
    return name or attribute, place
