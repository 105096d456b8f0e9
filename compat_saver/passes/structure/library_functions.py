"""Rewrites calls of library functions, and gives the functions names that no other model uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from compat_saver.errors import counted
from compat_saver.graph.attributes import types_attr
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


class FunctionNames(Pass):
    """Appends to every function's name a digest of the whole library.

    TensorFlow registers the functions of all that a process loads or writes under their names alone. Two models whose
    functions share a name and differ, such as two versions of one model, could not be migrated one after the other.
    """

    name = "function_names"

    def apply(self, graph: Graph) -> Rewrite:
        """Renames the functions, and all that calls them."""
        if not graph.functions:
            return Rewrite(self.name, 0)
        digest = hashlib.sha256()
        for _, function in sorted(graph.functions.items()):
            digest.update(function.SerializeToString(deterministic=True))
        names = {name: f"{name}_{digest.hexdigest()[:12]}" for name in graph.functions}
        for node in graph:
            node.op = names.get(node.op, node.op)
            node.attrs = {key: _renamed(value, names) for key, value in node.attrs.items()}
        graph.functions = {names[key]: _function(item, names) for key, item in graph.functions.items()}
        graph.gradients = {names.get(key, key): names.get(item, item) for key, item in graph.gradients.items()}
        return Rewrite(self.name, len(names), counted(len(names), "function"))


def _function(function: Message, names: Mapping[str, str]) -> Message:
    copy = FunctionDef()
    copy.CopyFrom(function)
    copy.signature.name = names[function.signature.name]
    for node in copy.node_def:
        node.op = names.get(node.op, node.op)
        for key in _calling(node.attr, names):
            node.attr[key].CopyFrom(_renamed(node.attr[key], names))
    return copy


def _calling(attrs: Mapping[str, Message], names: Mapping[str, str]) -> Iterable[str]:
    return [key for key, value in attrs.items() if _renamed(value, names) is not value]


def _renamed(attr: Message, names: Mapping[str, str]) -> Message:
    """Returns an attribute that names the renamed functions; the same one if it names none."""
    called = [*attr.list.func, attr.func] if attr.HasField("list") else [attr.func]
    if not any(item.name in names for item in called):
        return attr
    copy = AttrValue()
    copy.CopyFrom(attr)
    for item in copy.list.func if copy.HasField("list") else [copy.func]:
        item.name = names.get(item.name, item.name)
    return copy
