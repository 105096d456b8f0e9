"""The body of a function, cut out of a graph: what some nodes need, up to what the function is given.

No control dependencies are added between stateful ops: a v1 while loop does not run with them ("inputs from different
frames"). What no output depends on is left out.
Source: tensorflow/core/framework/function.proto, graph_to_functiondef.cc (names of arguments).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.graph import Graph, Node, OpCatalog, Value
from compat_saver.graph.attributes import Shape, int_attr, shape_to_message, shapes_attr, type_attr
from compat_saver.graph.functions import with_body
from compat_saver.graph.op_sets import MERGE_OPS
from compat_saver.proto.messages import FunctionDef, Message
from compat_saver.saved_model.contents import Asset, Endpoint, Resource, Variable

RESOURCE = dtypes.by_name("resource").number
STRING = dtypes.by_name("string").number

SHAPES = "_output_shapes"
"""The attribute in which nodes record the static shapes of their outputs."""


class Argument(NamedTuple):
    """What a function is given.

    Attributes:
        label: the name that its caller knows it by.
        dtype: DT_* number of the tensor.
        shape: its static shape.
        value: dtype and shape of what the handle of a variable leads to; None for anything else.
    """

    label: str
    dtype: int
    shape: Shape
    value: tuple[int, Shape] | None = None

    @classmethod
    def of(cls, resource: Resource) -> Argument:
        """Returns the argument for an object that a function captures."""
        if isinstance(resource, Variable):
            return cls(resource.name, RESOURCE, (), (resource.dtype, resource.shape))
        return cls(resource.name, STRING if isinstance(resource, Asset) else RESOURCE, ())


class Body:
    """A graph with arguments, to which a function's nodes are added.

    Attributes:
        graph: its nodes; edit freely.
        arguments: what it is given, in order.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self.arguments: dict[Node, Argument] = {}

    def add_argument(self, argument: Argument) -> Value:
        """Adds an argument behind the others and returns its value."""
        attrs = {"T": type_attr(argument.dtype), "index": int_attr(len(self.arguments))}
        node = self.graph.add("_Arg", self.graph.unique_name(_identifier(argument.label)), attrs=attrs)
        self.arguments[node] = argument
        return node.output()

    def function(
        self, name: str, results: Sequence[tuple[Value, int]], effects: Sequence[Node], catalog: OpCatalog
    ) -> Message:
        """Returns the FunctionDef.

        Args:
            name: its name.
            results: what it returns, each with its DT_* number.
            effects: the nodes that run even where the caller uses no result.
            catalog: knows the ops of its nodes.

        Raises:
            GraphError: the body contains an op without a definition.
        """
        message = FunctionDef()
        message.signature.name = name
        message.signature.is_stateful = any(
            catalog.is_stateful(node.op) for node in self.graph if node not in self.arguments
        )
        shapes = message.attr["_input_shapes"].list
        shapes.SetInParent()
        for index, (node, argument) in enumerate(self.arguments.items()):
            _add_argument(message, index, node.name, argument)
            _record_reads(node, argument)
            shapes.shape.append(shape_to_message(argument.shape))
        for index, (value, number) in enumerate(results):
            message.signature.output_arg.add(name=f"output_{index}", type=number)
            attrs = {"T": type_attr(number), "index": int_attr(index)}
            self.graph.add("_Retval", self.graph.unique_name(f"output_{index}/_Retval"), [value], attrs)
        for node in effects:
            message.signature.control_output.append(node.name)
            message.control_ret[node.name] = node.name
        return with_body(message, self.graph, catalog)


def _add_argument(message: Message, index: int, name: str, argument: Argument) -> None:
    arg = message.signature.input_arg.add(name=name, type=argument.dtype)
    if argument.value is not None:
        arg.handle_data.add(dtype=argument.value[0], shape=shape_to_message(argument.value[1]))
    attrs = message.arg_attr[index].attr
    attrs["_user_specified_name"].s = argument.label.encode()
    if argument.dtype != RESOURCE:
        attrs[SHAPES].CopyFrom(shapes_attr([argument.shape]))


def _record_reads(node: Node, argument: Argument) -> None:
    """Records the shape of what is read through an argument.

    TensorFlow infers shapes when it loads a function, and tells the function only afterwards what a handle leads to.
    """
    for use in node.output().uses:
        if argument.value is not None and use.node.op == "ReadVariableOp":
            use.node.attrs[SHAPES] = shapes_attr([argument.value[1]])


def _identifier(label: str) -> str:
    """Returns a label as the name of an argument: lower case, digits and underscores, a letter first."""
    return re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]", "_", label.lower())) or "unknown"


class Cutter:
    """Cuts bodies out of one graph.

    Args:
        graph: the graph; it stays as it is.
        resources: what functions capture instead of making it.
    """

    def __init__(self, graph: Graph, resources: Iterable[Resource]) -> None:
        self._graph = graph
        self._captures = {name: (number, item) for number, item in enumerate(resources) for name in item.nodes}

    def cut(
        self, roots: Iterable[str], inputs: Mapping[str, Endpoint] | None = None
    ) -> tuple[Body, tuple[Resource, ...]]:
        """Returns the body that computes some nodes, and what it captures: its last arguments.

        Args:
            roots: the nodes to compute; they keep their names.
            inputs: what the function takes, by key: its first arguments, also those that nothing needs.
        """
        inputs = inputs or {}
        fed = {endpoint.node for endpoint in inputs.values()}
        needed, given = self._needed([self._graph[name] for name in roots], fed)
        body = Body()
        copies = {node: _copied(node, body.graph) for node in needed}
        values: dict[str, Value] = {}
        for key, endpoint in inputs.items():
            values[endpoint.node] = body.add_argument(Argument(key, endpoint.dtype, endpoint.shape))
        captured = dict(sorted((self._captures[name] for name in given - fed), key=lambda item: item[0]))
        for resource in captured.values():
            values |= dict.fromkeys(resource.nodes, body.add_argument(Argument.of(resource)))
        _connect(copies, values)
        _await_calls(body.graph)
        return body, tuple(captured.values())

    def _needed(self, roots: Iterable[Node], fed: set[str]) -> tuple[list[Node], set[str]]:
        """Returns the nodes that are needed, roots last, and the names of those that are given."""
        found = dict.fromkeys(roots)
        given: set[str] = set()
        pending = list(found)
        while pending:
            node = pending.pop()
            for other in (*(value.node for value in node.inputs), *node.control_inputs):
                if other.name in fed or other.name in self._captures:
                    given.add(other.name)
                elif other not in found:
                    found[other] = None
                    pending.append(other)
        return list(reversed(found)), given


def _copied(node: Node, graph: Graph) -> Node:
    """Copies a node without recorded shapes: TensorFlow loads no function where they contradict its own."""
    attrs = {key: attr for key, attr in node.attrs.items() if key != SHAPES}
    return graph.add(node.op, node.name, attrs=attrs, device=node.device)


def _connect(copies: Mapping[Node, Node], given: Mapping[str, Value]) -> None:
    """Connects copies as their originals are; nothing waits for an argument."""
    for node, copy in copies.items():
        copy.set_inputs(
            copies[value.node].output(value.index) if value.node in copies else given[value.node.name]
            for value in node.inputs
        )
        for other in node.control_inputs:
            if other in copies:
                copy.add_control_input(copies[other])


def _await_calls(graph: Graph) -> None:
    """Lets what takes a result of a stateful call wait for the call, which changes nothing when it runs.

    TensorFlow replaces such a call by the nodes of its function only where something waits for it.
    """
    for node in graph:
        for call in {value.node: None for value in node.inputs if value.node.op == "StatefulPartitionedCall"}:
            if node.op not in MERGE_OPS:
                node.add_control_input(call)
