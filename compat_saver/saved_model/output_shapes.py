"""The static shapes of a signature's outputs, in the three places of a SavedModel that record them.

A session's user reads them from the SignatureDef, a caller of the loaded function from its output signature, and the
tensors that a call returns while another function is traced get them from the node that computes the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from compat_saver.graph.attributes import Shape, shape_from_message, shape_to_message, shapes_attr
from compat_saver.proto.messages import Message
from compat_saver.saved_model.bodies import SHAPES

OutputShapes = Mapping[str, Mapping[str, Shape]]
"""Signature name -> output key -> static shape."""


def refine_output_shapes(meta: Message, inferred: OutputShapes) -> dict[str, dict[str, Shape]]:
    """Adds what shape functions know to what was recorded, and returns the shapes that result.

    Args:
        meta: the MetaGraphDef of a model that `make_saved_model` made; it is changed.
        inferred: the shapes by TensorFlow's shape functions; where the recorded ones contradict them, they decide.
    """
    found: dict[str, dict[str, Shape]] = {}
    for item in _outputs(meta, inferred):
        shape = merged(shape_from_message(item.info.tensor_shape), inferred[item.signature][item.key])
        found.setdefault(item.signature, {})[item.key] = shape
        item.info.tensor_shape.CopyFrom(shape_to_message(shape))
        item.spec.shape.CopyFrom(shape_to_message(shape))
        item.node.attr[SHAPES].CopyFrom(shapes_attr([shape]))
    return found


def merged(recorded: Shape, inferred: Shape) -> Shape:
    """Returns what two shapes of one tensor know together; the inferred one if they contradict each other."""
    if recorded is None or inferred is None:
        return recorded if inferred is None else inferred
    if len(recorded) != len(inferred):
        return inferred
    pairs = list(zip(recorded, inferred, strict=True))
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        return inferred
    return tuple(known if size is None else size for known, size in pairs)


class _Output(NamedTuple):
    """An output of a signature: its key, its TensorInfo, its TensorSpecProto, and the NodeDef that computes it."""

    signature: str
    key: str
    info: Message
    spec: Message
    node: Message


def _outputs(meta: Message, names: OutputShapes) -> Iterator[_Output]:
    objects = meta.object_graph_def
    functions = {item.signature.name: item for item in meta.graph_def.library.function}
    holder = next(child.node_id for child in objects.nodes[0].children if child.local_name == "signatures")
    for child in objects.nodes[holder].children:
        if child.local_name not in names:
            continue
        function = functions[objects.nodes[child.node_id].bare_concrete_function.concrete_function_name]
        nodes = {node.name: node for node in function.node_def}
        specs = objects.concrete_functions[function.signature.name].output_signature.dict_value.fields
        for arg, key in zip(function.signature.output_arg, sorted(specs), strict=True):
            node = nodes[function.ret[arg.name].partition(":")[0]]
            info = meta.signature_def[child.local_name].outputs[key]
            yield _Output(child.local_name, key, info, specs[key].tensor_spec_value, node)
