"""Damages protobuf messages field by field: the bytes stay well-formed, and what they say does not."""

from __future__ import annotations

import random
from typing import Any

_NUMBERS = (0, 1, -1, 2, 7, 100, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, -(2**63))
_TEXTS = ("", "x", "0", "w:0", "^w", "a:b:c", ":1", "w:-1", "w:99999999999", "\0", "é" * 50, "../../etc", "Placeholder")


def damaged(message: Any, seed: int) -> bytes:
    """Returns a message, serialized after one to five of its fields were changed; the message stays as it was."""
    draw = random.Random(seed)
    copy = type(message)()
    copy.CopyFrom(message)
    for _ in range(draw.choice((1, 2, 5, 20))):
        _damage(_part(copy, draw), draw)
    return copy.SerializeToString()


def _part(message: Any, draw: random.Random) -> Any:
    """Returns the message, or mostly one of its nodes: else most damage would be where nothing reads it."""
    if draw.random() < 0.2:
        return message
    graphs = [item.graph_def for item in getattr(message, "meta_graphs", ())] or [
        getattr(message, "graph_def", message)
    ]
    graph = draw.choice(graphs)
    if not hasattr(graph, "library"):
        return message  # a SavedModel whose graphs are gone
    bodies = [node for function in graph.library.function for node in function.node_def]
    nodes = bodies if bodies and draw.random() < 0.3 else graph.node
    return draw.choice(nodes) if nodes else message


def _damage(message: Any, draw: random.Random) -> None:
    """Walks down to a field at random and changes it."""
    while True:
        there = [item for item in message.ListFields() if item[0].name != "stripped_op_list"]
        if not there:
            return
        field, value = draw.choice(there)
        children = _messages_in(field, value)
        if not children or draw.random() < 0.1:
            _change(message, field, value, draw)
            return
        message = draw.choice(children)


def _messages_in(field: Any, value: Any) -> list[Any]:
    if field.message_type is None:
        return []
    if field.message_type.GetOptions().map_entry:
        is_message = field.message_type.fields_by_name["value"].message_type is not None
        return list(value.values()) if is_message else []
    return list(value) if _is_repeated(value) else [value]


def _is_repeated(value: Any) -> bool:
    return hasattr(value, "add") or (hasattr(value, "append") and not isinstance(value, str | bytes))


def _change(message: Any, field: Any, value: Any, draw: random.Random) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _change_map(value, draw)
    elif _is_repeated(value):
        _change_list(field, value, draw)
    elif field.message_type is not None or draw.random() < 0.2:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, _scalar(field, draw))


def _change_map(value: Any, draw: random.Random) -> None:
    keys = sorted(value)
    key, other = draw.choice(keys), draw.choice(keys)
    if draw.random() < 0.5 or not hasattr(value[key], "CopyFrom"):
        del value[key]
    else:
        value[key].CopyFrom(value[other])


def _change_list(field: Any, value: Any, draw: random.Random) -> None:
    place = draw.randrange(len(value))
    kind = draw.choice(("delete", "repeat", "swap", "change"))
    items = list(value)
    if kind == "delete":
        del items[place]
    elif kind == "repeat":
        items.append(items[place])
    elif kind == "swap":
        other = draw.randrange(len(items))
        items[place], items[other] = items[other], items[place]
    elif field.message_type is None:
        items[place] = _scalar(field, draw)
    copies = [type(item).FromString(item.SerializeToString()) if field.message_type else item for item in items]
    del value[:]
    value.extend(copies)


def _scalar(field: Any, draw: random.Random) -> Any:
    kinds = type(field)
    if field.cpp_type == kinds.CPPTYPE_STRING:
        text = draw.choice(_TEXTS)
        return text.encode() if field.type == kinds.TYPE_BYTES else text
    if field.cpp_type == kinds.CPPTYPE_BOOL:
        return draw.random() < 0.5
    if field.cpp_type in (kinds.CPPTYPE_FLOAT, kinds.CPPTYPE_DOUBLE):
        return draw.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    number = draw.choice(_NUMBERS)
    is_32 = field.cpp_type in (kinds.CPPTYPE_INT32, kinds.CPPTYPE_UINT32, kinds.CPPTYPE_ENUM)
    low = 0 if field.cpp_type in (kinds.CPPTYPE_UINT32, kinds.CPPTYPE_UINT64) else -(2**31 if is_32 else 2**63)
    return number if low <= number < (2**31 if is_32 else 2**63) else 0
