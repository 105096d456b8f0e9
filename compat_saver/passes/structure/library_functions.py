"""Rewrites calls of library functions, and their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compat_saver.errors import counted
from compat_saver.graph.attributes import types_attr
from compat_saver.graph.functions import called_by
from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import AttrValue, FunctionDef, Message


class FunctionCalls(Pass):
    """Rewrites every call of a library function by name, except those whose types depend on the call.

    A function used as an op -> PartitionedCall: how TensorFlow 1's Defun called functions, and how TensorFlow 2 does.
    TensorFlow still runs the old form, but its loader of SavedModels does not find the functions of nested ones, and it
    computes gradients only through the new one.
    """

    name = "function_calls"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites the calls."""
        calls = [node for node in graph if node.op in graph.functions and not graph.functions[node.op].signature.attr]
        called = sorted({node.op for node in calls})
        for node in calls:
            _rewrite(node, graph.functions[node.op].signature)
        return Rewrite(self.name, len(calls), ", ".join(called))


def _rewrite(node: Node, signature: Message) -> None:
    function = AttrValue()
    function.func.name = node.op
    node.op = "StatefulPartitionedCall" if signature.is_stateful else "PartitionedCall"
    node.attrs = {
        **{name: value for name, value in node.attrs.items() if name.startswith("_")},
        "Tin": types_attr(arg.type for arg in signature.input_arg),
        "Tout": types_attr(arg.type for arg in signature.output_arg),
        "f": function,
    }


class RenameFunctions(Pass):
    """Puts a prefix before the name of every library function, so that two graphs can share one library.

    Args:
        prefix: of letters, digits and underscores.
    """

    name = "rename_functions"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def apply(self, graph: Graph) -> Rewrite:
        """Renames the functions, and all that calls them."""
        names = {name: f"{self._prefix}{name}" for name in graph.functions}
        for node in graph:
            if any(called_by(graph, node.op, node.attrs.values())):
                node.op = names.get(node.op, node.op)
                node.attrs = {key: _with_new_calls(attr, names) for key, attr in node.attrs.items()}
        graph.functions = {names[name]: _renamed(function, names) for name, function in graph.functions.items()}
        graph.gradients = {names.get(name, name): names.get(of, of) for name, of in graph.gradients.items()}
        return Rewrite(self.name, len(names), counted(len(names), "function"))

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Every function has the prefix."""
        yield from (f"{name} has no prefix" for name in graph.functions if not name.startswith(self._prefix))


def _renamed(function: Message, names: Mapping[str, str]) -> Message:
    renamed = FunctionDef()
    renamed.CopyFrom(function)
    renamed.signature.name = names[function.signature.name]
    for node in renamed.node_def:
        node.op = names.get(node.op, node.op)
        for attr in node.attr.values():
            _rename_calls(attr, names)
    return renamed


def _with_new_calls(attr: Message, names: Mapping[str, str]) -> Message:
    copy = AttrValue()
    copy.CopyFrom(attr)
    _rename_calls(copy, names)
    return copy


def _rename_calls(attr: Message, names: Mapping[str, str]) -> None:
    """Renames the functions that an attribute names, in place."""
    for item in (attr.func,) if attr.HasField("func") else attr.list.func if attr.HasField("list") else ():
        item.name = names.get(item.name, item.name)
