"""Reads a checkpoint by name without a graph, as `tf.train.load_variable` and NewCheckpointReader do.

The same names, arguments and results, without TensorFlow. Differences: any source is accepted, slices of
partitioned variables in V1 files are joined, and an error for a missing name suggests the nearest ones. Paths with
`://` are left to TensorFlow's own functions.
"""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.dtypes import DType
from compat_saver.errors import (
    ArtifactError,
    CompatSaverError,
    FormatError,
    NotALegacyArtifactError,
    SourceNotFoundError,
    TensorNotFoundError,
    UsageError,
)
from compat_saver.saver.checkpoint_management import is_remote, latest_checkpoint
from compat_saver.saver.errors import as_tf_error, with_bases, with_phrase
from compat_saver.sources import open_checkpoint

StrPath = str | bytes | PathLike[str]
_DATA_TYPES = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}


class CheckpointReader:
    """The tensors of a checkpoint by name; what NewCheckpointReader and load_checkpoint return."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def has_tensor(self, tensor_str: str | bytes) -> bool:
        """Whether there is a tensor of that name."""
        return _name(tensor_str) in self._checkpoint

    def get_tensor(self, tensor_str: str | bytes) -> Any:
        """Returns the values of a tensor.

        Args:
            tensor_str: its name.

        Returns:
            An array of its own that may be written to; strings are an array of bytes objects. A scalar is a numpy
            scalar, or bytes.

        Raises:
            TensorNotFoundError: (tf.errors.NotFoundError) there is none.
            ArtifactError: (tf.errors.DataLossError, ...) its values cannot be read.
        """
        name = _name(tensor_str)
        try:
            values = self._checkpoint[name]
        except TensorNotFoundError as error:
            raise _as_theirs(with_phrase(error, f"Key {name} not found in checkpoint")) from error
        except CompatSaverError as error:
            raise _as_theirs(error) from error
        return np.array(values) if values.ndim else values[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Returns the shape of every tensor."""
        return {name: list(shape) for name, shape in self._checkpoint.shapes().items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """Returns the tf.DType of every tensor; TensorFlow is imported for that."""
        as_dtype = _tensorflow.tensorflow().dtypes.as_dtype
        return {name: as_dtype(dtype.number) for name, dtype in self._checkpoint.dtypes().items()}

    def debug_string(self) -> bytes:
        r"""Returns a line for every tensor: `dense/kernel (DT_FLOAT) [3,4]`.

        A partitioned one has a line as of V1, `w (DT_FLOAT) [8,4], 2 slices`; TensorFlow shows the parts of V2 by keys
        that are not text.
        """
        dtypes = self._checkpoint.dtypes()
        return "".join(f"{self._line(name, dtypes[name])}\n" for name in sorted(dtypes)).encode()

    def _line(self, name: str, dtype: DType) -> str:
        info = self._checkpoint.info(name)
        shape = ",".join(str(size) for size in info.shape)
        slices = f", {len(info.slices)} slices" if len(info.slices) > 1 else ""
        return f"{name} (DT_{_DATA_TYPES.get(dtype.name, dtype.name.upper())}) [{shape}]{slices}"


def NewCheckpointReader(filepattern: StrPath) -> Any:
    """Opens a checkpoint as tf.compat.v1.train.NewCheckpointReader.

    Args:
        filepattern: its prefix, or any other source.

    Returns:
        A CheckpointReader; TensorFlow's own for a path with `://`.

    Raises:
        SourceNotFoundError: (tf.errors.NotFoundError) nothing is there.
        ArtifactError: (tf.errors.DataLossError) something else is there.
    """
    path = os.fsdecode(filepattern)
    if is_remote(path):
        return _tensorflow.tensorflow().compat.v1.train.NewCheckpointReader(path)
    return CheckpointReader(open_or_tf_error(path))


def load_checkpoint(ckpt_dir_or_file: StrPath) -> Any:
    """Opens a checkpoint as tf.train.load_checkpoint: also the latest of a directory.

    Args:
        ckpt_dir_or_file: a directory, a prefix, or any other source.

    Returns:
        A CheckpointReader; TensorFlow's own for a path with `://`.

    Raises:
        SourceNotFoundError: (tf.errors.NotFoundError) nothing is there; of a directory also a ValueError.
        ArtifactError: (tf.errors.DataLossError) something else is there; of a directory also a ValueError.
    """
    path = os.fsdecode(ckpt_dir_or_file)
    if is_remote(path):
        return _tensorflow.tensorflow().train.load_checkpoint(path)
    return CheckpointReader(open_or_tf_error(path))


def load_variable(ckpt_dir_or_file: StrPath, name: str | bytes) -> Any:
    """Returns the values of a variable, as tf.train.load_variable.

    Args:
        ckpt_dir_or_file: as for `load_checkpoint`.
        name: with or without `:0` at its end.

    Returns:
        As `CheckpointReader.get_tensor`.

    Raises:
        TensorNotFoundError: (tf.errors.NotFoundError) there is no such variable.
        ArtifactError: as for `load_checkpoint`.
    """
    text = _name(name).removesuffix(":0")
    return load_checkpoint(ckpt_dir_or_file).get_tensor(text)


def list_variables(ckpt_dir_or_file: StrPath) -> list[tuple[str, list[int]]]:
    """Returns name and shape of every variable of a checkpoint, by name, as tf.train.list_variables.

    Args:
        ckpt_dir_or_file: as for `load_checkpoint`.

    Raises:
        ArtifactError: as for `load_checkpoint`.
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def open_or_tf_error(path: str, *, needs_values: bool = False) -> Checkpoint:
    """Opens the checkpoint that a path leads to: of a directory the one that `latest_checkpoint` returns.

    Args:
        path: any path that leads to a checkpoint.
        needs_values: as for `sources.open_checkpoint`.

    Raises:
        ArtifactError: as for `sources.open_checkpoint`; the error is also the one that TensorFlow raises instead.
    """
    try:
        latest = latest_checkpoint(path) if os.path.isdir(path) else None
        return open_checkpoint(latest or path, needs_values=needs_values)
    except ArtifactError as error:
        if isinstance(error, SourceNotFoundError):
            with_phrase(error, f"Unsuccessful TensorSliceReader constructor for {path!r}")
        if os.path.isdir(path):
            raise as_tf_error(with_bases(error, ValueError), "DataLossError") from error
        raise _as_theirs(error) from error


def _as_theirs(error: CompatSaverError) -> CompatSaverError:
    """Returns an error that is also the one that TensorFlow raises instead."""
    if isinstance(error, (TensorNotFoundError, SourceNotFoundError)):
        return as_tf_error(error, "NotFoundError")
    if isinstance(error, (FormatError, NotALegacyArtifactError)):
        return as_tf_error(error, "DataLossError")
    return as_tf_error(error, "InternalError")


def _name(name: str | bytes) -> str:
    if isinstance(name, bytes):
        return name.decode(errors="replace")
    if not isinstance(name, str):
        raise with_bases(UsageError(f"expected the name of a tensor, found {name!r}"), TypeError)
    return name
