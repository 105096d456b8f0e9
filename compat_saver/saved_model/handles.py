"""What the handles lead to that one function gives another, recorded where TensorFlow records it.

The functions of the signatures know it of the variables that they capture. TensorFlow differentiates a function that
reads a variable only where the function knows it too.
Source: tensorflow/core/framework/op_def.proto (ArgDef.handle_data), function_def_to_graph.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.proto.messages import Message


def record_handles(library: Message) -> None:
    """Completes `handle_data` of the arguments of all functions that the signatures' functions call.

    A function that is called with variables of several shapes gets an unknown one.

    Args:
        library: a FunctionDefLibrary; it is changed.
    """
    functions = {item.signature.name: item for item in library.function}
    pending = list(functions.values())
    while pending:
        caller = pending.pop()
        known = {arg.name: arg.handle_data[0] for arg in caller.signature.input_arg if arg.handle_data}
        for node in caller.node_def:
            if not known.keys().isdisjoint(node.input):
                called = [functions[name] for name in _called(node) if name in functions]
                pending += [item for item in called if _given(item, node, known)]


def _called(node: Message) -> Iterator[str]:
    """Yields the names of what a node may call."""
    yield node.op
    for attr in node.attr.values():
        yield from (item.name for item in (attr.func, *attr.list.func) if item.name)


def _given(function: Message, node: Message, known: dict[str, Message]) -> bool:
    """Records what a node gives a function: its last inputs, for all ops that call one. Returns whether it is news."""
    given = [name for name in node.input if not name.startswith("^")]
    pairs = zip(reversed(function.signature.input_arg), reversed(given), strict=False)
    news = [_add(arg, known[name]) for arg, name in pairs if name in known]
    return any(news)


def _add(arg: Message, data: Message) -> bool:
    """Adds what a handle leads to, and returns whether it is news."""
    if not arg.handle_data:
        arg.handle_data.add().CopyFrom(data)
        return True
    shape = arg.handle_data[0].shape
    if shape.unknown_rank or shape == data.shape:
        return False
    shape.Clear()
    shape.unknown_rank = True
    return True
