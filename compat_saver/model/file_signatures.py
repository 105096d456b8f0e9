"""The tensors of a SignatureDef, under the keys that TensorFlow's own loader gives them.

A sparse tensor `x` is the inputs `x_indices`, `x_values` and `x_dense_shape`, any other composite tensor
`x_component_0` and so on. Source: _extract_signatures in tensorflow/python/saved_model/load_v1_in_v2.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.proto.messages import Message


class Listed(NamedTuple):
    """A tensor of a SignatureDef.

    Attributes:
        key: its key in the signature, where no other tensor has that.
        name: the tensor, with or without port; "" where the message names it in a form that is not known.
        shape: its static shape, or None where the message does not record it or its rank is unknown.
    """

    key: str
    name: str
    shape: Shape


def listed_tensors(infos: Mapping[str, Message]) -> dict[str, Listed]:
    """Returns key -> tensor for the inputs or the outputs of a SignatureDef, composite tensors part by part."""
    found = {}
    for key, info in sorted(infos.items()):
        for part in _parts(key, info):
            free = f"{part.key}_2" if part.key != key and part.key in infos else part.key
            found[free] = part
    return found


def _parts(key: str, info: Message) -> Iterator[Listed]:
    match info.WhichOneof("encoding"):
        case "name":
            yield Listed(key, info.name, _shape(info))
        case "coo_sparse":
            sparse = info.coo_sparse
            yield Listed(f"{key}_indices", sparse.indices_tensor_name, None)
            yield Listed(f"{key}_values", sparse.values_tensor_name, None)
            yield Listed(f"{key}_dense_shape", sparse.dense_shape_tensor_name, None)
        case "composite_tensor":
            for number, part in enumerate(info.composite_tensor.components):
                yield from _parts(f"{key}_component_{number}", part)
        case _:
            yield Listed(key, "", None)


def _shape(info: Message) -> Shape:
    return shape_from_message(info.tensor_shape) if info.HasField("tensor_shape") else None
