"""HDF5 files of Keras: whole models, and weights alone."""

from __future__ import annotations

from typing import Any

from compat_saver.errors import FormatError
from compat_saver.keras_files import hdf5
from compat_saver.keras_files.configurations import layers_of, parse_json
from compat_saver.keras_files.contents import KerasFile, positions
from compat_saver.keras_files.layouts import (
    is_named,
    is_numbered,
    listed_weights,
    named_layers,
    numbered_layers,
    numbered_optimizer,
)

_WHOLE_MODEL = "model_weights"


def open_weight_file(path: str) -> KerasFile:
    """Opens an HDF5 file of Keras.

    Raises:
        ArtifactError: h5py is not installed, or the file cannot be read.
        FormatError: Keras did not write it, or it is damaged.
    """
    file = hdf5.open_hdf5(path)
    try:
        return _read(file, path)
    except BaseException:
        file.close()
        raise


def _read(file: Any, path: str) -> KerasFile:
    """Cases: the layout with names, of a whole model or of weights; that with numbers."""
    whole = hdf5.member(file, _WHOLE_MODEL, path)
    root = file if whole is None else whole
    if is_named(root):
        return _named(file, root, path)
    if not is_numbered(file):
        found = ", ".join(sorted(file)) or "nothing"
        raise FormatError(
            "no weights as Keras writes them",
            path=path,
            expected="the attribute layer_names",
            found=f"an HDF5 file with {found}",
        )
    return KerasFile(
        path,
        "hdf5",
        layers=numbered_layers(file, (), path),
        optimizer_weights=numbered_optimizer(file, path),
        close=file.close,
    )


def _named(file: Any, root: Any, path: str) -> KerasFile:
    config = _json(file, "model_config", path)
    layers = named_layers(root, layers_of(config) if config is not None else (), path)
    return KerasFile(
        path,
        "hdf5",
        keras_version=hdf5.text(root, "keras_version") or hdf5.text(file, "keras_version"),
        backend=hdf5.text(root, "backend") or hdf5.text(file, "backend"),
        config=config,
        training_config=_json(file, "training_config", path),
        layers=layers,
        optimizer_weights=listed_weights(hdf5.member(file, "optimizer_weights", path), path),
        aliases=positions(layers),
        close=file.close,
    )


def _json(file: Any, attribute: str, path: str) -> dict[str, Any] | None:
    found = hdf5.text(file, attribute)
    return parse_json(found, path, attribute) if found else None
