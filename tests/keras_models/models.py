"""The golden models of tests/golden/keras: what real Keras 1 and 2 wrote, predicted and trained."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from tests.golden_cases import GOLDEN

MODELS = sorted((GOLDEN / "keras").glob("*/*.zip"))


class Golden:
    """One model, unpacked.

    Attributes:
        directory: where its files are.
    """

    def __init__(self, archive: Path, directory: Path) -> None:
        self.directory = directory
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(directory)

    @cached_property
    def recorded(self) -> dict[str, np.ndarray]:
        with np.load(self.directory / "recorded.npz") as found:
            return dict(found)

    def listed(self, letter: str) -> list[np.ndarray]:
        """The inputs x, predictions y or labels t."""
        return [value for name, value in sorted(self.recorded.items()) if name[0] == letter and name[1:].isdigit()]

    def path(self, form: str) -> Path:
        return self.directory / {"hdf5": "model.h5", "keras": "model.keras", "saved_model": "saved"}[form]


def single(values):
    return values[0] if len(values) == 1 else values


def predict(model, inputs) -> list[np.ndarray]:
    found = model(single(inputs), training=False)
    return [np.asarray(item) for item in (found if isinstance(found, list) else [found])]


def skip_without_output_padding(keras, archive: Path) -> None:
    """Skips a model with a transposed convolution that the installed Keras does not store whole: 3.12, say."""
    if archive.stem == "conv" and "output_padding" not in keras.layers.Conv2DTranspose(1, 3).get_config():
        pytest.skip("this Keras does not store output_padding")
