"""Adds the nodes that replace an old node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import GraphError
from compat_saver.graph.attributes import bool_attr, bytes_attr, int_attr, tensor_attr, type_attr, types_attr
from compat_saver.graph.functions import FUNCTION_EDGES, with_body
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.graph.text import parse_graph
from compat_saver.proto.messages import AttrValue, FunctionDef, Message

_CATALOG = OpCatalog()


class Build:
    """Makes nodes under the name of an old one, to run where and when it ran.

    Args:
        graph: the graph to add to.
        old: the node to be replaced.
        keeps_tensors: whether each of its outputs must be found under its old name afterwards, to be fetched and fed.
    """

    def __init__(self, graph: Graph, old: Node, *, keeps_tensors: bool = False) -> None:
        self.graph = graph
        self._old = old
        self.keeps_tensors = keeps_tensors

    def __call__(self, op: str, *inputs: Value, **attrs: Message | bool | int | str) -> Value:
        """Adds a node and returns its first output.

        Args:
            op: its op; its name is the old node's name with the op's behind a slash.
            inputs: its inputs.
            attrs: AttrValues, or booleans, integers and texts.
        """
        name = self.graph.unique_name(f"{self._old.name}/{op}")
        made = {key: _attr(value) for key, value in attrs.items()}
        node = self.graph.add(op, name, inputs, made, control_inputs=self._old.control_inputs)
        if not inputs and self._old.inputs:
            # A node without inputs runs outside of every loop; its reader may be inside of one.
            neighbor = self._old.inputs[0].node
            if neighbor.inputs or neighbor.control_inputs:
                node.add_control_input(neighbor)
        return node.output()

    def constant(self, value: object, dtype: str) -> Value:
        """Adds a Const.

        Args:
            value: a number, a text or a nested list of them.
            dtype: a name such as "int32".

        Raises:
            GraphError: an attribute of the old node held a number that the type does not hold.
        """
        row = dtypes.by_name(dtype)
        try:
            array = np.asarray(value, dtype=row.numpy)
        except OverflowError:
            raise GraphError(f"{self._old.name!r} ({self._old.op}): {value} is no {dtype}.") from None
        return self("Const", dtype=type_attr(row.number), value=tensor_attr(array))

    def function(self, name: str, body: str) -> Message:
        """Returns the attribute that names a function, which is added to the library unless it is there.

        Args:
            name: its name; one name must stand for one body.
            body: the text of its graph, with its arguments and results as _Arg and _Retval nodes, in their order.
        """
        if name not in self.graph.functions:
            self.graph.functions[name] = _function(name, parse_graph(body))
        attr = AttrValue()
        attr.func.name = name
        return attr

    def replace(self, *outputs: Value) -> None:
        """Makes all readers of the old node's outputs read these, and all that waits for it wait for the first.

        The old node is removed, and the node of the first output takes its name; or, where the names of all tensors are
        kept and that would not keep them, a node that forwards all outputs.
        """
        if self.keeps_tensors and any(value is not outputs[0].node.output(i) for i, value in enumerate(outputs)):
            outputs = self._forwarded(outputs)
        for index, value in enumerate(outputs):
            self._old.output(index).replace_uses(value)
        self._old.replace_control_uses(outputs[0].node)
        self.graph.remove(self._old)
        self.graph.rename(outputs[0].node, self._old.name)

    def correct(self, value: Value, other: Value, readers: Sequence[Use]) -> None:
        """Makes the readers of one output of the old node read another value; the old node stays as the source of it.

        Where the names of all tensors are kept, the old node is renamed, and its name goes to a node that forwards its
        outputs with the other value among them.

        Args:
            value: the output.
            other: what is to be read instead.
            readers: what read it before the other value was made.
        """
        for use in readers:
            use.node.replace_input(use.position, other)
        if not self.keeps_tensors:
            return
        old, name = self._old, self._old.name
        outputs = [old.output(index) for index in range(len(_CATALOG.output_types(old)))]
        uses = {item: item.uses for item in outputs if item is not value}
        kept = self._forwarded([other if item is value else item for item in outputs])
        for item, passed_on in zip(outputs, kept, strict=True):
            for use in uses.get(item, readers):
                use.node.replace_input(use.position, passed_on)
        old.replace_control_uses(kept[0].node)
        self.graph.rename(old, self.graph.unique_name(f"{name}/{old.op}"))
        self.graph.rename(kept[0].node, name)

    def _forwarded(self, outputs: Sequence[Value]) -> tuple[Value, ...]:
        """Returns the outputs of a node that forwards some values."""
        types = [dtypes.base(number) for number in _CATALOG.output_types(self._old)[: len(outputs)]]
        node = self("IdentityN", *outputs, T=types_attr(types)).node
        return tuple(node.output(index) for index in range(len(outputs)))


def _attr(value: Message | bool | int | str) -> Message:
    if isinstance(value, bool):
        return bool_attr(value)
    if isinstance(value, int):
        return int_attr(value)
    return bytes_attr(value) if isinstance(value, str) else value


def _function(name: str, body: Graph) -> Message:
    function = FunctionDef()
    function.signature.name = name
    for node in body:
        if node.op in FUNCTION_EDGES:
            args = function.signature.input_arg if node.op == "_Arg" else function.signature.output_arg
            args.add(name=node.name, type=node.attr.type("T"))
    return with_body(function, body, OpCatalog())
