"""GraphDef <-> IR, side by side."""

from __future__ import annotations

from compat_saver.errors import GraphError, nearest_names
from compat_saver.graph.functions import modern_function
from compat_saver.graph.ir import Graph, Node, without_collection
from compat_saver.graph.ops import OpCatalog
from compat_saver.proto.messages import GraphDef, Message


def from_graph_def(message: Message) -> Graph:
    """Makes the IR of a GraphDef; attributes are shared with the message, not copied.

    Functions of the form that TensorFlow 0.12 wrote are converted to the current form.

    Raises:
        GraphError: an input names a node that is not there, a name is empty or stands twice, or a data input follows
            a control input.
    """
    graph = Graph(producer=message.versions.producer or message.version, min_consumer=message.versions.min_consumer)
    with without_collection():
        for item in message.node:
            if not item.name:
                raise GraphError(f"A node of op {item.op!r} has no name.")
            graph.add(item.op, item.name, attrs=item.attr, device=item.device)
        for item in message.node:
            _connect(graph, graph[item.name], item.input)
    graph.functions = {function.signature.name: function for function in message.library.function}
    if any(function.node for function in message.library.function):
        catalog = OpCatalog.of(graph)
        graph.functions = {name: modern_function(item, catalog) for name, item in graph.functions.items()}
    graph.gradients = {item.function_name: item.gradient_func for item in message.library.gradient}
    return graph


def _connect(graph: Graph, node: Node, names: list[str]) -> None:
    values = []
    for name in names:
        is_control = name.startswith("^")
        source, _, port = name.removeprefix("^").partition(":")
        other = graph.get(source)
        if other is None:
            hint = nearest_names(source, (item.name for item in graph))
            raise GraphError(f"Node {node.name!r} reads {name!r}, which is not in the graph{hint or '.'}")
        if is_control:
            node.add_control_input(other)
            continue
        if node.control_inputs:
            raise GraphError(f"Node {node.name!r} has the data input {name!r} after a control input.")
        if port and not port.isdecimal():
            raise GraphError(f"Node {node.name!r} reads {name!r}: a port must be a number.")
        values.append(other.output(int(port or 0)))
    node.set_inputs(values)


def to_graph_def(graph: Graph) -> Message:
    """Writes the IR as a GraphDef."""
    message = GraphDef()
    message.versions.producer = graph.producer
    message.versions.min_consumer = graph.min_consumer
    for node in graph:
        item = message.node.add(name=node.name, op=node.op, device=node.device)
        item.input.extend(_input_names(node))
        for name, value in node.attrs.items():
            item.attr[name].CopyFrom(value)
    message.library.function.extend(graph.functions.values())
    for function, gradient in graph.gradients.items():
        message.library.gradient.add(function_name=function, gradient_func=gradient)
    return message


def _input_names(node: Node) -> list[str]:
    # TensorFlow writes port 0 without its number; other tools compare these texts, so we do as it does.
    data = [value.node.name if value.index == 0 else value.name for value in node.inputs]
    return data + [f"^{other.name}" for other in node.control_inputs]
