"""The protobuf messages of TensorFlow's legacy files, as classes that live beside TensorFlow's own.

The descriptors go into a pool of this package's own. TensorFlow's generated modules register the same message names in
protobuf's default pool; with two pools neither can clash with the other, whichever is imported first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory

from compat_saver.proto.wire import fields

# The fields of a message made at run time are unknown to a type checker, hence Any.
Message = Any


def _load_pool() -> descriptor_pool.DescriptorPool:
    """Adds every field of the FileDescriptorSet, which is a file, as it is: parsing the set takes as long again."""
    files = Path(__file__).with_name("messages.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for field in fields(files):
        pool.AddSerializedFile(files[field.start : field.end])
    return pool


POOL = _load_pool()
"""Where all the messages below are described."""


def _message(name: str) -> Message:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"tensorflow.{name}"))


AssetFileDef = _message("AssetFileDef")
AttrValue = _message("AttrValue")
BundleEntryProto = _message("BundleEntryProto")
BundleHeaderProto = _message("BundleHeaderProto")
CheckpointState = _message("CheckpointState")
CollectionDef = _message("CollectionDef")
FunctionDef = _message("FunctionDef")
GraphDef = _message("GraphDef")
KerasSavedMetadata = _message("keras.SavedMetadata")
MetaGraphDef = _message("MetaGraphDef")
NodeDef = _message("NodeDef")
OpDef = _message("OpDef")
OpList = _message("OpList")
SavedModel = _message("SavedModel")
SavedObject = _message("SavedObject")
SavedObjectGraph = _message("SavedObjectGraph")
SavedTensorSlices = _message("SavedTensorSlices")
SaverDef = _message("SaverDef")
Signatures = _message("serving.Signatures")
SignatureDef = _message("SignatureDef")
StructuredValue = _message("StructuredValue")
TensorInfo = _message("TensorInfo")
TensorProto = _message("TensorProto")
TensorShapeProto = _message("TensorShapeProto")
TensorSliceProto = _message("TensorSliceProto")
TrackableObjectGraph = _message("TrackableObjectGraph")
VariableDef = _message("VariableDef")

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The tensor in which an object-based checkpoint holds its TrackableObjectGraph, serialized."""
