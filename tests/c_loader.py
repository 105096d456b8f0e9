"""Loads and runs a SavedModel by TensorFlow's C API: its loader is the one in C++ that servers and other languages use.

Source: tensorflow/c/c_api.h. The functions are in the library that TensorFlow's wheel has beside its Python files.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compat_saver.proto.messages import SavedModel


class _Output(ctypes.Structure):
    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


class Loaded:
    """A SavedModel in a session of the C API.

    Args:
        directory: the SavedModel, tagged `serve`.
    """

    def __init__(self, directory: Path) -> None:
        import tensorflow as tf

        (library,) = Path(tf.__file__).parent.glob("libtensorflow_cc.so*")
        self._library = ctypes.CDLL(str(library))
        meta = SavedModel.FromString((directory / "saved_model.pb").read_bytes()).meta_graphs[0]
        self._signatures = meta.signature_def
        self._graph, self._status = self._pointer("TF_NewGraph"), self._pointer("TF_NewStatus")
        options, tags = self._pointer("TF_NewSessionOptions"), (ctypes.c_char_p * 1)(b"serve")
        arguments = (options, None, str(directory).encode(), tags, 1, self._graph, None, self._status)
        self._session = self._pointer("TF_LoadSessionFromSavedModel", *arguments)
        self._check()

    def run(self, signature: str, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns output key -> array of numbers; inputs are arrays of numbers as well."""
        infos = self._signatures[signature]
        inputs = [self._output(infos.inputs[key].name) for key in feeds]
        fed = [self._tensor(array, infos.inputs[key].dtype) for key, array in feeds.items()]
        outputs = [self._output(info.name) for info in infos.outputs.values()]
        found = (ctypes.c_void_p * len(outputs))()
        given = ((_Output * len(inputs))(*inputs), (ctypes.c_void_p * len(fed))(*fed), len(fed))
        wanted = ((_Output * len(outputs))(*outputs), found, len(outputs))
        self._call(None, "TF_SessionRun", self._session, None, *given, *wanted, None, 0, None, self._status)
        self._check()
        return {key: self._array(tensor) for key, tensor in zip(infos.outputs, found, strict=True)}

    def _call(self, result: type | None, name: str, *arguments: object) -> object:
        function = getattr(self._library, name)
        function.restype = result
        return function(
            *(ctypes.c_void_p(item) if isinstance(item, int) and item > 2**31 else item for item in arguments)
        )

    def _pointer(self, name: str, *arguments: object) -> object:
        return self._call(ctypes.c_void_p, name, *arguments)

    def _check(self) -> None:
        if self._call(ctypes.c_int, "TF_GetCode", self._status):
            raise RuntimeError(self._call(ctypes.c_char_p, "TF_Message", self._status))

    def _output(self, name: str) -> _Output:
        node, _, index = name.partition(":")
        operation = self._pointer("TF_GraphOperationByName", self._graph, node.encode())
        assert operation is not None, name
        return _Output(operation, int(index or 0))

    def _tensor(self, array: np.ndarray, dtype: int) -> object:
        sizes = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = self._pointer("TF_AllocateTensor", dtype, sizes, array.ndim, ctypes.c_size_t(array.nbytes))
        ctypes.memmove(self._pointer("TF_TensorData", tensor), np.ascontiguousarray(array).ctypes.data, array.nbytes)
        return tensor

    def _array(self, tensor: object) -> np.ndarray:
        import tensorflow as tf

        dtype = tf.dtypes.as_dtype(self._call(ctypes.c_int, "TF_TensorType", tensor)).as_numpy_dtype
        rank = self._call(ctypes.c_int, "TF_NumDims", tensor)
        shape = [self._call(ctypes.c_int64, "TF_Dim", tensor, axis) for axis in range(rank)]
        data = ctypes.string_at(
            self._pointer("TF_TensorData", tensor), self._call(ctypes.c_size_t, "TF_TensorByteSize", tensor)
        )
        return np.frombuffer(data, dtype).reshape(shape)
