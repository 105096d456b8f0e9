"""Checks nodes against the definitions of their ops, as TensorFlow does at import.

After it, an attribute is of its kind, and there unless its op has a default for it; a type exists and is one that the
op takes; a constant has as many bytes as its shape says; and a node has as many inputs as its op and its attributes
say. Ops without definition are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.functions import FUNCTION_EDGES
from compat_saver.graph.ir import Graph
from compat_saver.graph.ops import OpCatalog, count_in, counting_attr
from compat_saver.proto.messages import Message
from compat_saver.proto.tensors import problem_of_size

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


class _Rule(NamedTuple):
    """What the definition of an op says of one attribute.

    Attributes:
        kind: such as "type", "int", "list(string)".
        is_required: whether it has no default.
        allowed: DT_* numbers; empty where all are allowed.
    """

    kind: str
    is_required: bool
    allowed: frozenset[int]

    def problem(self, found: Message | None) -> str:
        """Returns what was expected and found, a phrase; "" if an attribute is as it should be."""
        if found is None:
            return f"{self.kind}, found none" if self.is_required else ""
        value = found.WhichOneof("value")
        if value == "placeholder":  # of the attributes of a function's caller
            return ""
        if value != ("list" if self.kind.startswith("list(") else _FIELDS.get(self.kind, value)):
            return f"{self.kind}, found {value or 'nothing'}"
        if self.kind == "tensor":
            return problem_of_size(found.tensor)
        numbers = found.list.type if self.kind == "list(type)" else [found.type] if self.kind == "type" else ()
        return next(filter(None, map(self._problem_of_type, numbers)), "")

    def _problem_of_type(self, number: int) -> str:
        if not dtypes.is_known(number):
            return f"a type, found number {number}"
        if self.allowed and dtypes.base(number) not in self.allowed:
            return f"a type that the op takes, found {dtypes.name_of(number)}"
        return ""


class _Definitions:
    """What the definitions of ops say; looks each op up once."""

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog
        self._of_op: dict[str, tuple[dict[str, _Rule], tuple[Message, ...] | None]] = {}

    def problems(self, op: str, node: str, attrs: Mapping[str, Message], inputs: int) -> Iterator[str]:
        """Yields what is wrong with one node."""
        rules, args = self._of(op)
        for name, rule in rules.items():
            if problem := rule.problem(attrs.get(name)):
                yield f"Node {node!r} ({op}): attribute {name!r}: expected {problem}."
        if args is not None and (problem := _problem_of_inputs(args, attrs, inputs)):
            yield f"Node {node!r} ({op}): expected {problem}."

    def _of(self, op: str) -> tuple[dict[str, _Rule], tuple[Message, ...] | None]:
        """Returns attribute -> its rule, and the arguments of an op; None for those of an op without definition."""
        found = self._of_op.get(op)
        if found is None:
            definition = None if op in FUNCTION_EDGES else self._catalog.find(op)
            if definition is None:
                found = {}, None
            else:
                found = {item.name: _rule(item) for item in definition.attr}, tuple(definition.input_arg)
            self._of_op[op] = found
        return found


def _problem_of_inputs(args: tuple[Message, ...], attrs: Mapping[str, Message], inputs: int) -> str:
    """Returns what was expected and found, a phrase; "" if the number of inputs is as it should be."""
    counts = [_inputs_of(arg, attrs) for arg in args]
    least = sum(count for count in counts if count is not None)
    if inputs < least or (inputs > least and None not in counts):
        return f"{counted(least, 'input')}, found {inputs}"
    return ""


def _inputs_of(arg: Message, attrs: Mapping[str, Message]) -> int | None:
    """Returns how many inputs an argument of an op stands for; None where the attributes of the node do not say."""
    name = counting_attr(arg)
    if not name:
        return 1
    found = attrs.get(name)
    if found is None or found.WhichOneof("value") not in ("i", "list"):  # it may be that of a function's caller
        return None
    return count_in(arg, found)


def _rule(attr: Message) -> _Rule:
    return _Rule(attr.type, not attr.HasField("default_value"), frozenset(attr.allowed_values.list.type))
