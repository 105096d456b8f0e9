"""The one way in which a file of Keras is opened by its path."""

from __future__ import annotations

from os import PathLike, fspath

from compat_saver.errors import NotALegacyArtifactError
from compat_saver.keras_files.archives import open_archive
from compat_saver.keras_files.contents import KerasFile
from compat_saver.keras_files.saved_models import open_saved_model
from compat_saver.keras_files.weight_files import open_weight_file
from compat_saver.sources import Hdf5Source, KerasArchiveSource, SavedModelSource, resolve


def open_keras_file(path: str | PathLike[str]) -> KerasFile:
    """Opens a file or SavedModel of Keras, by the bytes that are there; to be used in a `with` statement.

    Args:
        path: an HDF5 file, a `.keras` file, or the directory of a SavedModel.

    Raises:
        SourceNotFoundError: nothing is there.
        ArtifactError: it cannot be read, is damaged, or something else; h5py is missing.
    """
    source = resolve(path)
    if isinstance(source, Hdf5Source):
        return open_weight_file(str(source.path))
    if isinstance(source, KerasArchiveSource):
        return open_archive(str(source.path))
    if isinstance(source, SavedModelSource):
        return open_saved_model(source)
    raise NotALegacyArtifactError(f"{fspath(path)}: expected a file of Keras, found a {source.kind}.")
