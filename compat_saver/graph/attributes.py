"""Attributes of nodes: typed reading, and makers of AttrValue messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from compat_saver.proto.messages import AttrValue, Message, TensorShapeProto

Shape = tuple[int | None, ...] | None
"""A static shape: None for an unknown dimension, or None alone for an unknown rank."""


class Attr:
    """Reads the attributes of one node as Python values; what is absent or of another kind gives the default."""

    __slots__ = ("_attrs",)

    def __init__(self, attrs: Mapping[str, Message]) -> None:
        self._attrs = attrs

    def _get(self, name: str, kind: str, default: Any) -> Any:
        message = self._attrs.get(name)
        if message is None or message.WhichOneof("value") != kind:
            return default
        return getattr(message, kind)

    def type(self, name: str) -> int:
        """Returns a DT_* number; 0 if absent."""
        return int(self._get(name, "type", 0))

    def types(self, name: str) -> tuple[int, ...]:
        """Returns a list of DT_* numbers."""
        found = self._get(name, "list", None)
        return tuple(found.type) if found is not None else ()

    def int(self, name: str, default: int = 0) -> int:
        """Returns an integer."""
        return int(self._get(name, "i", default))

    def bool(self, name: str, default: bool = False) -> bool:
        """Returns a truth value."""
        return bool(self._get(name, "b", default))

    def bytes(self, name: str, default: bytes = b"") -> bytes:
        """Returns a string attribute's bytes."""
        return bytes(self._get(name, "s", default))

    def text(self, name: str) -> str:
        """Returns a string attribute as text; bytes that are not UTF-8 show as replacement characters."""
        return self.bytes(name).decode("utf-8", "replace")

    def shape(self, name: str) -> Shape:
        """Returns a static shape; None, an unknown rank, if absent."""
        message = self._get(name, "shape", None)
        return None if message is None else shape_from_message(message)

    def shapes(self, name: str) -> tuple[Shape, ...]:
        """Returns a list of static shapes."""
        found = self._get(name, "list", None)
        return tuple(map(shape_from_message, found.shape)) if found is not None else ()

    def tensor(self, name: str) -> Message | None:
        """Returns a TensorProto, or None."""
        return self._get(name, "tensor", None)

    def function(self, name: str) -> str:
        """Returns a function's name; "" if absent."""
        found = self._get(name, "func", None)
        return str(found.name) if found is not None else ""


def shape_from_message(message: Message) -> Shape:
    """Returns a TensorShapeProto as a tuple, or None for an unknown rank."""
    if message.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in message.dim)


def shape_to_message(shape: Shape) -> Message:
    """Returns a TensorShapeProto."""
    message = TensorShapeProto(unknown_rank=shape is None)
    for size in shape or ():
        message.dim.add(size=-1 if size is None else size)
    return message


def type_attr(number: int) -> Message:
    """Makes a type attribute from a DT_* number."""
    return AttrValue(type=number)


def shape_attr(shape: Shape) -> Message:
    """Makes a shape attribute."""
    return AttrValue(shape=shape_to_message(shape))


def shapes_attr(shapes: Iterable[Shape]) -> Message:
    """Makes a list-of-shapes attribute."""
    return AttrValue(list=AttrValue.ListValue(shape=map(shape_to_message, shapes)))


def int_attr(number: int) -> Message:
    """Makes an integer attribute."""
    return AttrValue(i=number)


def bool_attr(value: bool) -> Message:
    """Makes a truth value attribute."""
    return AttrValue(b=value)


def bytes_attr(value: bytes | str) -> Message:
    """Makes a string attribute."""
    return AttrValue(s=value.encode() if isinstance(value, str) else value)


def types_attr(numbers: Iterable[int]) -> Message:
    """Makes a list-of-types attribute."""
    return AttrValue(list=AttrValue.ListValue(type=list(numbers)))


def tensor_attr(array: np.ndarray) -> Message:
    """Makes a tensor attribute, such as the value of a Const."""
    from compat_saver.proto.tensors import from_array

    return AttrValue(tensor=from_array(array))
