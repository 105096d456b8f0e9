"""Checks nodes against the definitions of their ops, as TensorFlow does at import.

After it, an attribute that is there is of its kind, a type is one that exists, and a node has the inputs that its op
always takes. Attributes that are missing are left to those who read them, and ops without definition are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.functions import FUNCTION_EDGES
from compat_saver.graph.ir import Graph
from compat_saver.graph.ops import OpCatalog
from compat_saver.proto.messages import Message

_FIELDS = {
    **{"string": "s", "int": "i", "float": "f", "bool": "b"},
    **{"type": "type", "shape": "shape", "tensor": "tensor", "func": "func"},
}


def node_problems(graph: Graph, catalog: OpCatalog) -> Iterator[str]:
    """Yields what is wrong with nodes, also with those in functions, a sentence each."""
    known = _Definitions(catalog)
    for node in graph:
        yield from known.problems(node.op, node.name, node.attrs, len(node.inputs))
    for name, function in graph.functions.items():
        for item in function.node_def:
            inputs = sum(not text.startswith("^") for text in item.input)
            yield from known.problems(item.op, f"{name}/{item.name}", item.attr, inputs)


class _Definitions:
    """What the definitions of ops say; looks each op up once."""

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog
        self._of_op: dict[str, tuple[dict[str, str], int]] = {}

    def problems(self, op: str, node: str, attrs: Mapping[str, Message], inputs: int) -> Iterator[str]:
        """Yields what is wrong with one node."""
        kinds, least = self._of(op)
        for name, kind in kinds.items():
            if name in attrs and (problem := _problem(attrs[name], kind)):
                yield f"Node {node!r} ({op}): attribute {name!r}: expected {problem}."
        if inputs < least:
            yield f"Node {node!r} ({op}): expected {counted(least, 'input')}, found {inputs}."

    def _of(self, op: str) -> tuple[dict[str, str], int]:
        """Returns attribute -> its kind, and how many inputs a node has whatever its attributes are."""
        found = self._of_op.get(op)
        if found is None:
            definition = None if op in FUNCTION_EDGES else self._catalog.find(op)
            attrs, args = ((), ()) if definition is None else (definition.attr, definition.input_arg)
            single = [arg for arg in args if not arg.number_attr and not arg.type_list_attr]
            found = self._of_op[op] = {item.name: item.type for item in attrs}, len(single)
        return found


def _problem(message: Message, kind: str) -> str:
    """Returns what was expected and found, a phrase; "" if an attribute is as it should be."""
    found = message.WhichOneof("value")
    if found == "placeholder":  # of the attributes of a function's caller
        return ""
    field = "list" if kind.startswith("list(") else _FIELDS.get(kind, found)
    if found != field:
        return f"{kind}, found {found or 'nothing'}"
    numbers = message.list.type if kind == "list(type)" else [message.type] if kind == "type" else ()
    unknown = next((number for number in numbers if not dtypes.is_known(number)), None)
    return "" if unknown is None else f"a type, found number {unknown}"
