"""Checks attributes of nodes against the definitions of their ops, as TensorFlow does at import.

After it, an attribute that is there is of its kind, and a type one that exists. What is missing is left to those who
read it, and ops without definition are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compat_saver import dtypes
from compat_saver.graph.functions import FUNCTION_EDGES
from compat_saver.graph.ir import Graph
from compat_saver.graph.ops import OpCatalog
from compat_saver.proto.messages import Message

_FIELDS = {
    **{"string": "s", "int": "i", "float": "f", "bool": "b"},
    **{"type": "type", "shape": "shape", "tensor": "tensor", "func": "func"},
}


def attribute_problems(graph: Graph, catalog: OpCatalog) -> Iterator[str]:
    """Yields what is wrong with attributes of nodes, also of those in functions, a sentence each."""
    kinds = _Kinds(catalog)
    for node in graph:
        yield from kinds.problems(node.op, node.name, node.attrs)
    for name, function in graph.functions.items():
        for item in function.node_def:
            yield from kinds.problems(item.op, f"{name}/{item.name}", item.attr)


class _Kinds:
    """The kinds of attributes; looks each op up once."""

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog
        self._of_op: dict[str, dict[str, str]] = {}

    def problems(self, op: str, node: str, attrs: Mapping[str, Message]) -> Iterator[str]:
        """Yields what is wrong with one node."""
        for name, kind in self._of(op).items():
            if name in attrs and (problem := _problem(attrs[name], kind)):
                yield f"Node {node!r} ({op}): attribute {name!r}: expected {problem}."

    def _of(self, op: str) -> dict[str, str]:
        found = self._of_op.get(op)
        if found is None:
            definition = None if op in FUNCTION_EDGES else self._catalog.find(op)
            found = {} if definition is None else {item.name: item.type for item in definition.attr}
            self._of_op[op] = found
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
