"""StructuredValue messages: the Python structures of what a function takes and returns.

Source: tensorflow/core/protobuf/struct.proto, tensorflow/python/saved_model/nested_structure_coder.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from compat_saver.graph.attributes import Shape, shape_to_message
from compat_saver.proto.messages import Message, StructuredValue


def none_value() -> Message:
    """Makes None."""
    message = StructuredValue()
    message.none_value.SetInParent()
    return message


def tensor_spec(name: str, dtype: int, shape: Shape) -> Message:
    """Makes a tf.TensorSpec."""
    message = StructuredValue()
    message.tensor_spec_value.name = name
    message.tensor_spec_value.dtype = dtype
    message.tensor_spec_value.shape.CopyFrom(shape_to_message(shape))
    return message


def tuple_value(items: Iterable[Message] = ()) -> Message:
    """Makes a tuple."""
    message = StructuredValue()
    message.tuple_value.SetInParent()
    message.tuple_value.values.extend(items)
    return message


def dict_value(items: Mapping[str, Message]) -> Message:
    """Makes a dict; TensorFlow orders what is in it by its keys."""
    message = StructuredValue()
    message.dict_value.SetInParent()
    for key, item in items.items():
        message.dict_value.fields[key].CopyFrom(item)
    return message


def arguments(positional: Iterable[Message] = (), keywords: Mapping[str, Message] | None = None) -> Message:
    """Makes what a function is called with: a tuple and a dict."""
    return tuple_value([tuple_value(positional), dict_value(keywords or {})])


def full_arg_spec(names: Sequence[str] = (), keyword_only: Sequence[str] = ()) -> Message:
    """Makes the inspect.FullArgSpec of a function without defaults and annotations."""
    message = StructuredValue()
    message.named_tuple_value.name = "FullArgSpec"
    fields = {
        "args": _texts(names),
        "varargs": none_value(),
        "varkw": none_value(),
        "defaults": none_value(),
        "kwonlyargs": _texts(keyword_only),
        "kwonlydefaults": none_value(),
        "annotations": dict_value({}),
    }
    for key, item in fields.items():
        message.named_tuple_value.values.add(key=key, value=item)
    return message


def _texts(texts: Sequence[str]) -> Message:
    message = StructuredValue()
    message.list_value.SetInParent()
    message.list_value.values.extend(StructuredValue(string_value=text) for text in texts)
    return message
