"""`.keras` files: ZIP archives of config.json, metadata.json and model.weights.h5."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO, Any, cast

from compat_saver.errors import ArtifactError, FormatError
from compat_saver.keras_files import hdf5
from compat_saver.keras_files.configurations import MOST_JSON, LayerConfig, layers_of, parse_json
from compat_saver.keras_files.contents import KerasFile
from compat_saver.keras_files.layouts import groups_of_layers, numbered_layers, numbered_optimizer
from compat_saver.sniff import ZIP_DAMAGE

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_LOCAL_HEADER = 30


def open_archive(path: str) -> KerasFile:
    """Opens a `.keras` file.

    Raises:
        ArtifactError: h5py is not installed, or the file cannot be read.
        FormatError: it is damaged or cut short.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(_opened(path))
        config = _json(archive, _CONFIG, path)
        layers = layers_of(config)
        metadata = _json(archive, _METADATA, path)
        root = hdf5.open_hdf5(path, stack.enter_context(_weights(archive, path)))
        stack.callback(root.close)
        _add_vocabularies(archive, root, layers, path)
        return KerasFile(
            path,
            "keras",
            keras_version=str(metadata.get("keras_version", "")),
            config=config,
            training_config=config.get("compile_config"),
            layers=numbered_layers(root, layers, path),
            optimizer_weights=numbered_optimizer(root, path),
            close=_closing(stack),
        )


def _add_vocabularies(archive: zipfile.ZipFile, root: Any, layers: Sequence[LayerConfig], path: str) -> None:
    """Completes the configurations of layers that look words up: words that they learned are in a member beside."""
    members = set(archive.namelist())
    for layer, group in groups_of_layers(root, layers, path):
        name = f"assets/layers/{group}/vocabulary.txt"
        if name in members:
            words = _text(archive, name, path).split("\n")
            is_number = layer.class_name == "IntegerLookup"
            config = cast("dict[str, Any]", layer.config)
            config["vocabulary"] = [int(word) for word in words] if is_number else words


def _closing(stack: ExitStack) -> Callable[[], None]:
    """Returns what closes all that was opened; the block that opened it no longer does."""
    return stack.pop_all().close


def _opened(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except ZIP_DAMAGE as error:
        raise ArtifactError(f"{path}: cannot be read as a ZIP archive ({error}).") from error


def _json(archive: zipfile.ZipFile, name: str, path: str) -> dict[str, Any]:
    return parse_json(_text(archive, name, path), path, name)


def _text(archive: zipfile.ZipFile, name: str, path: str) -> str:
    info = _member(archive, name, path)
    if info.file_size > MOST_JSON:
        raise FormatError(
            f"bad {name}", path=path, expected=f"at most {MOST_JSON:,} bytes", found=f"{info.file_size:,}"
        )
    try:
        return archive.read(info).decode()
    except (UnicodeDecodeError, *ZIP_DAMAGE) as error:
        raise _damaged(path, name, error) from error


def _member(archive: zipfile.ZipFile, name: str, path: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise FormatError("cut short", path=path, expected=f"a member {name}", found="none") from None


def _weights(archive: zipfile.ZipFile, path: str) -> IO[bytes]:
    """Returns the HDF5 file: the bytes in the archive, as Keras stores them, or an unpacked copy."""
    info = _member(archive, _WEIGHTS, path)
    if info.file_size > hdf5.MOST_RATIO * max(info.compress_size, 1):
        raise FormatError(
            "bad archive", path=path, expected=f"{_WEIGHTS} of a size that compression reaches", found=str(info)
        )
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
        return io.BufferedReader(_Part(path, info))
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with archive.open(info) as packed:
            while chunk := packed.read(1 << 20):
                copy.write(chunk)
    except ZIP_DAMAGE as error:
        copy.close()
        raise _damaged(path, _WEIGHTS, error) from error
    copy.seek(0)
    return copy


def _damaged(path: str, name: str, error: Exception) -> FormatError:
    return FormatError("damaged", path=path, expected=f"the member {name}", found=str(error))


class _Part(io.RawIOBase):
    """The bytes of a member that is stored as it is; zipfile's own file reads from the start after every seek back."""

    def __init__(self, path: str, info: zipfile.ZipInfo) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self._start, self._size = info.header_offset + _LOCAL_HEADER + lengths, info.file_size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
