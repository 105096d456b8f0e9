"""Keras files as checkpoints: what reads a checkpoint reads the weights of HDF5 and `.keras` files too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from compat_saver.bundle import Checkpoint, TensorInfo
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.boxes import Box
from compat_saver.bundle.entries import Signature
from compat_saver.errors import ArtifactError
from compat_saver.keras_files import KerasFile, Weight, open_keras_file
from compat_saver.sources import Hdf5Source, KerasArchiveSource, open_checkpoint, resolve

PIECE_BYTES = 4 << 20
OPTIMIZER = "optimizer_weights"
"""What the names of an optimizer's variables start with, so that none is that of a weight."""


def open_any(source: str, *, needs_values: bool = True) -> Checkpoint:
    """Opens a checkpoint, or the weights of a Keras file as one.

    Args:
        source: a prefix, any file of a checkpoint, a directory; an HDF5 or `.keras` file.
        needs_values: as for `open_checkpoint`.

    Raises:
        ArtifactError: as for `open_checkpoint`; h5py is missing.
    """
    if not isinstance(resolve(source, prefers_prefix=True), Hdf5Source | KerasArchiveSource):
        return open_checkpoint(source, needs_values=needs_values)
    return Checkpoint(source, KerasReader(open_keras_file(source)))


class KerasReader:
    """Reads the weights of a Keras file, those of its optimizer under `optimizer_weights/`.

    Attributes:
        version: the form of the file.
        files: its path.
    """

    def __init__(self, file: KerasFile) -> None:
        self.version = {"hdf5": "HDF5"}.get(file.form, file.form)
        self.files = (file.prefix,)
        self._file = file  # kept open
        self._weights: dict[str, Weight] = {
            **file.weights,
            **{f"{OPTIMIZER}/{item.name.removeprefix('optimizer/')}": item for item in file.optimizer_weights},
        }

    @property
    def names(self) -> Mapping[str, Weight]:
        """The weights by name."""
        return self._weights

    def __contains__(self, name: str) -> bool:
        return name in self._weights

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Type and shape of every weight."""
        return {name: (item.dtype, item.shape) for name, item in self._weights.items()}

    def info(self, name: str) -> TensorInfo:
        """Returns what the file records of a weight."""
        item = self._weights[name]
        return TensorInfo(name, item.dtype, item.shape, item.nbytes)

    def read(self, info: TensorInfo, box: Box) -> Array:
        """Returns a part as an array."""
        return self._weights[info.name].read(tuple(box))

    def stream(self, info: TensorInfo, box: Box) -> Iterator[memoryview]:
        """Yields a part as bytes, some rows at a time."""
        parts = list(box)
        if not parts:
            yield _bytes(self.read(info, box))
            return
        rows = parts[0]
        step = max(1, PIECE_BYTES * (rows.stop - rows.start) // max(1, info.nbytes))
        for start in range(rows.start, rows.stop, step):
            parts[0] = slice(start, min(start + step, rows.stop))
            yield _bytes(self.read(info, tuple(parts)))

    def stored(self, info: TensorInfo) -> None:
        """HDF5 stores nothing as checkpoints do."""

    def damage(self, progress: Callable[[int], None]) -> Iterator[ArtifactError]:
        """Yields what cannot be read; HDF5 has no checksums of its own."""
        for name in self._weights:
            info = self.info(name)
            try:
                for piece in self.stream(info, tuple(slice(0, size) for size in info.shape)):
                    progress(len(piece))
            except ArtifactError as error:
                yield error


def _bytes(array: Array) -> memoryview:
    return memoryview(array.tobytes())
