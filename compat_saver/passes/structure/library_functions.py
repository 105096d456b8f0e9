"""Rewrites calls of library functions."""

from __future__ import annotations

from compat_saver.graph.attributes import types_attr
from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import AttrValue, Message


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
