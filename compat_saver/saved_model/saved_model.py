"""Makes the SavedModel message of a model, as tf.saved_model.save writes it, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from compat_saver.graph import OpCatalog
from compat_saver.graph.ops import known_definitions
from compat_saver.proto.messages import Message, SavedModel
from compat_saver.saved_model.contents import Contents
from compat_saver.saved_model.functions import Functions
from compat_saver.saved_model.handles import record_handles
from compat_saver.saved_model.main_graph import MainGraph
from compat_saver.saved_model.objects import checkpoint_objects, object_graph

_SCHEMA = 1
# The release whose op definitions this package has.
_TENSORFLOW = "2.21.0"


class SavedModelParts(NamedTuple):
    """What the two files of a SavedModel are made from.

    Attributes:
        message: the content of saved_model.pb.
        checkpoint_objects: the object graph that its checkpoint is to hold, serialized.
    """

    message: Message
    checkpoint_objects: bytes


def make_saved_model(contents: Contents, own_ops: Mapping[str, Message] | None = None) -> SavedModelParts:
    """Makes the messages of a model; its cost follows the size of the graph and the number of variables.

    Args:
        contents: the model.
        own_ops: definitions of ops that are not among TensorFlow's.

    Raises:
        GraphError: the graph contains an op without a definition.
    """
    called = {name: function.signature for name, function in contents.library.items()}
    catalog = OpCatalog({**_foreign(own_ops or {}), **called})
    functions = Functions.of(contents, catalog)
    objects = object_graph(contents, functions)
    stored = checkpoint_objects(contents, objects).SerializeToString(deterministic=True)
    main = MainGraph(contents, functions, stored)
    model = SavedModel(saved_model_schema_version=_SCHEMA)
    meta = model.meta_graphs.add(graph_def=main.message(), saver_def=main.saver, object_graph_def=objects)
    record_handles(meta.graph_def.library)
    meta.meta_info_def.tags.extend(contents.tags)
    meta.meta_info_def.tensorflow_version = _TENSORFLOW
    meta.meta_info_def.stripped_op_list.op.extend(_used_ops(meta.graph_def, catalog))
    meta.collection_def["saved_model_main_op"].node_list.value.append(main.init_op)
    for name, signature in main.signatures.items():
        meta.signature_def[name].CopyFrom(signature)
    for asset, tensor in zip(contents.assets, main.asset_tensors, strict=True):
        meta.asset_file_def.add(tensor_info={"name": tensor}, filename=asset.filename)
    return SavedModelParts(model, stored)


def _foreign(ops: Mapping[str, Message]) -> dict[str, Message]:
    """Leaves out what TensorFlow itself defines: the body of a function names outputs as today's definitions do."""
    return {name: op for name, op in ops.items() if name not in known_definitions()}


def _used_ops(graph: Message, catalog: OpCatalog) -> Iterable[Message]:
    functions = {function.signature.name for function in graph.library.function}
    nodes = [graph.node, *(function.node_def for function in graph.library.function)]
    used = {node.op for part in nodes for node in part} - functions
    return [catalog[name] for name in sorted(used)]
