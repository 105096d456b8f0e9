"""Reads the HDF5 files in which Keras 1 and 2 store weights: `save_weights("x.h5")` and `save("x.h5")`.

A group per layer, in the order of the model; its attribute `weight_names` lists the datasets: `dense/kernel:0`. A file
of a whole model has these groups below `model_weights`. An attribute too large for HDF5 is split into `NAME0`,
`NAME1`, ...
"""

from __future__ import annotations

import importlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from os import PathLike, fspath
from types import TracebackType
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.bundle.arrays import Array
from compat_saver.dtypes import DType
from compat_saver.errors import ArtifactError, FormatError

_WHOLE_MODEL = "model_weights"
_KERAS_3 = (
    "Keras 3 wrote it, with numbers instead of names, and reads it: build the model and call model.load_weights(FILE), "
    "where FILE ends with .weights.h5. For a .keras file, keras.models.load_model(FILE) builds the whole model."
)


class KerasFile:
    """The weights of an HDF5 file by name: `dense/kernel`; where two layers use one name, `LAYER/dense/kernel`.

    Attributes:
        prefix: the path.
        aliases: other names -> names: `layer_with_weights-0/kernel`, as the object-based checkpoints of Keras have it.

    Raises:
        ArtifactError: h5py is not installed, or the file cannot be read.
        FormatError: Keras did not write it.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.prefix = fspath(path)
        self._file = _opened(self.prefix)
        root = self._file.get(_WHOLE_MODEL, self._file)
        if not _texts(root, "layer_names"):
            found = ", ".join(sorted(self._file)) or "nothing"
            is_keras_3 = "vars" in self._file or "layers" in self._file
            self._file.close()
            raise FormatError(
                "no weights as Keras 1 and 2 write them",
                path=self.prefix,
                expected="the attribute layer_names",
                found=f"an HDF5 file with {found}",
                hint=_KERAS_3 if is_keras_3 else "",
            )
        self._datasets, self.aliases = _listed(root)

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __getitem__(self, name: str) -> Array:
        return self.read_slice(name, ())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every tensor."""
        return {name: tuple(dataset.shape) for name, dataset in self._datasets.items()}

    def dtypes(self) -> dict[str, DType]:
        """Returns the type of every tensor."""
        return {name: dtypes.from_numpy(dataset.dtype) for name, dataset in self._datasets.items()}

    def read_slice(self, name: str, slices: tuple[slice, ...]) -> Array:
        """Reads a part of a tensor; missing slices take all."""
        try:
            return np.asarray(self._datasets[name][slices or ()])
        except OSError as error:
            raise ArtifactError(f"{self.prefix}: {name!r} cannot be read ({error}).") from error

    def __enter__(self) -> KerasFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def _opened(path: str) -> Any:
    try:
        h5py = importlib.import_module("h5py")
    except ImportError as error:
        raise ArtifactError(
            f"{path}: this is an HDF5 file, and h5py, which reads such files, cannot be imported ({error}). "
            "Install it with: pip install h5py"
        ) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read as an HDF5 file ({error}).") from error


def _texts(group: Any, attribute: str) -> list[str]:
    """Returns the strings of an attribute, joined if it was split."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        pieces = itertools.takewhile(lambda name: name in group.attrs, (f"{attribute}{n}" for n in itertools.count()))
        found = [text for piece in pieces for text in group.attrs[piece]]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in found]


def _listed(root: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns name -> dataset, and other name -> name."""
    rows = list(_rows(root))
    holders: dict[int, set[str]] = defaultdict(set)
    for number, _, weight, _ in rows:
        holders[number].add(weight.rpartition("/")[0])
    counts = Counter(weight for _, _, weight, _ in rows)
    datasets: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for number, layer, weight, dataset in rows:
        name = weight if counts[weight] == 1 else f"{layer}/{weight}"
        datasets[name] = dataset
        # A model inside the model is no layer, and the order of its weights depends on what was trained.
        if len(holders[number]) == 1:
            aliases.setdefault(f"layer_with_weights-{number}/{weight.rpartition('/')[2]}", name)
    return datasets, aliases


def _rows(root: Any) -> Iterator[tuple[int, str, str, Any]]:
    """Yields (number of the layer among those with weights, its name, name of the weight, dataset)."""
    numbers = itertools.count()
    for layer in _texts(root, "layer_names"):
        weights = _texts(root[layer], "weight_names")
        number = next(numbers) if weights else -1
        for weight in weights:
            yield number, layer, weight.removesuffix(":0"), root[layer][weight]
