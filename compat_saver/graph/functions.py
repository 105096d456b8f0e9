"""FunctionDef <-> IR: the body of a library function as a graph like any other, so that passes run in it too.

An argument becomes an `_Arg` node of its name, a result an `_Retval` node, as in TensorFlow's own runtime. Two forms of
FunctionDef are read:

1. Since 1.0 a body is made of NodeDefs whose inputs name an argument of the function ("x") or an output argument of a
   node's op ("Svd:u:0").
2. Up to 0.12 a body was made of messages of its own, in which every single output has a name and no node has one.
   Current TensorFlow does not read them at all; `modern_function` rewrites them.

Source: tensorflow/core/framework/function.proto of 0.12 and today, tensorflow/core/framework/graph_to_functiondef.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from compat_saver.errors import GraphError
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.proto.messages import AttrValue, FunctionDef, Message

_ARG, _RETVAL = "_Arg", "_Retval"
FUNCTION_EDGES = (_ARG, _RETVAL)
"""The ops that stand for a function's arguments and results in the graph of its body."""


def function_body(function: Message, catalog: OpCatalog) -> Graph:
    """Returns the graph of a function's body; attributes are shared with the message, not copied.

    Args:
        function: a FunctionDef of either form.
        catalog: knows the ops of its nodes, the other functions of the library among them.

    Raises:
        GraphError: the body reads a missing value, contains ops without a definition, or its arguments or nodes depend
            on attributes of the caller.
    """
    body = Graph()
    for index, arg in enumerate(function.signature.input_arg):
        if arg.type_attr or arg.number_attr or arg.type_list_attr:
            raise GraphError(
                f"The argument {arg.name!r} of {function.signature.name!r} has a type that depends on its caller."
            )
        body.add(_ARG, arg.name, attrs={"T": type_attr(arg.type), "index": AttrValue(i=index)})
    values = _add_legacy_nodes(body, function) if function.node else _add_nodes(body, function, catalog)
    for index, arg in enumerate(function.signature.output_arg):
        name = arg.name if function.node else function.ret[arg.name]
        attrs = {"T": type_attr(arg.type), "index": AttrValue(i=index)}
        body.add(_RETVAL, body.unique_name(f"{arg.name}/{_RETVAL}"), [_find(values, name)], attrs)
    return body


def with_body(function: Message, body: Graph, catalog: OpCatalog) -> Message:
    """Returns the function in the current form, with another body.

    Args:
        function: the FunctionDef that the body was made from.
        body: as `function_body` returned it, perhaps rewritten since.
        catalog: knows the ops of its nodes.

    Raises:
        GraphError: the body contains an op without a definition.
    """
    message = FunctionDef()
    message.CopyFrom(function)
    for field in ("node", "node_def", "ret"):
        message.ClearField(field)
    for node in body:
        if node.op == _RETVAL:
            message.ret[function.signature.output_arg[node.attr.int("index")].name] = _name_in(node.inputs[0], catalog)
        elif node.op != _ARG:
            item = message.node_def.add(name=node.name, op=node.op, device=node.device)
            item.input.extend(_name_in(value, catalog) for value in node.inputs)
            item.input.extend(f"^{other.name}" for other in node.control_inputs if other.op != _ARG)
            for name, attr in node.attrs.items():
                item.attr[name].CopyFrom(attr)
    return message


def modern_function(function: Message, catalog: OpCatalog) -> Message:
    """Returns a function in the current form; one that is in it already, or cannot be read, unchanged."""
    if not function.node:
        return function
    try:
        return with_body(function, function_body(function, catalog), catalog)
    except GraphError:
        return function


def function_bodies(graph: Graph, catalog: OpCatalog) -> Iterator[tuple[str, Graph]]:
    """Yields the name and the body of every function that can be read; any other is left as it was written."""
    for name, function in tuple(graph.functions.items()):
        try:
            body = function_body(function, catalog)
        except GraphError:
            continue
        body.producer, body.min_consumer = graph.producer, graph.min_consumer
        body.functions = graph.functions  # one library: a function that a pass adds to it is there for all
        yield name, body


def called_functions(graph: Graph, nodes: Iterable[Node]) -> set[str]:
    """Returns the library functions that some nodes call, and those that they call in turn, gradients too."""
    called: set[str] = set()
    pending = [name for node in nodes for name in called_by(graph, node.op, node.attrs.values())]
    while pending:
        name = pending.pop()
        if name in called:
            continue
        called.add(name)
        for node in (*graph.functions[name].node_def, *graph.functions[name].node):
            pending += called_by(graph, node.op, node.attr.values())
        if graph.gradients.get(name) in graph.functions:
            pending.append(graph.gradients[name])
    return called


def direct_calls(graph: Graph) -> dict[str, list[str]]:
    """Returns library function -> the library functions that its nodes call, each as often as it is called."""
    return {
        name: [
            other
            for node in (*function.node_def, *function.node)
            for other in called_by(graph, node.op, node.attr.values())
        ]
        for name, function in graph.functions.items()
    }


def callers_of(calls: Mapping[str, Iterable[str]], names: Iterable[str]) -> set[str]:
    """Returns some functions, and those that call one of them, directly or through others.

    Args:
        calls: as `direct_calls` returns them.
        names: the functions.
    """
    callers: dict[str, list[str]] = {}
    for name, called in calls.items():
        for other in called:
            callers.setdefault(other, []).append(name)
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += callers.get(name, ())
    return found


def called_by(graph: Graph, op: str, attrs: Iterable[object]) -> Iterator[str]:
    """Yields the names of library functions that a node calls: as its op or through an attribute."""
    if not graph.functions:
        return
    if op in graph.functions:
        yield op
    for attr in attrs:
        names = [item.name for item in attr.list.func] if attr.HasField("list") else [attr.func.name]  # type: ignore[attr-defined]
        yield from (name for name in names if name in graph.functions)


def _add_nodes(body: Graph, function: Message, catalog: OpCatalog) -> dict[str, Value]:
    """Adds the nodes of form 1 and returns the values by the names that inputs use."""
    values = {node.name: node.output() for node in body}
    for item in function.node_def:
        node = body.add(item.op, item.name, attrs=item.attr, device=item.device)
        port = 0
        for arg, count in catalog.output_counts(node).items():
            values |= {f"{item.name}:{arg}:{index}": node.output(port + index) for index in range(count)}
            port += count
    for item in function.node_def:
        data = [name for name in item.input if not name.startswith("^")]
        body[item.name].set_inputs(_find(values, name) for name in data)
        for name in item.input[len(data) :]:
            body[item.name].add_control_input(body[name.removeprefix("^")])
    return values


def _add_legacy_nodes(body: Graph, function: Message) -> dict[str, Value]:
    """Adds the nodes of form 2 and returns the values by their names."""
    values = {node.name: node.output() for node in body}
    added = []
    for item in function.node:
        node = body.add(item.op, body.unique_name(item.ret[0] if item.ret else item.op), attrs=item.attr)
        values |= {name: node.output(index) for index, name in enumerate(item.ret)}
        added.append((node, item))
    for node, item in added:
        node.set_inputs(_find(values, name) for name in item.arg)
        for name in item.dep:
            node.add_control_input(_find(values, name).node)
    return values


def _find(values: Mapping[str, Value], name: str) -> Value:
    found = values.get(name)
    if found is None:
        raise GraphError(f"A function body reads {name!r}, which is not in it.")
    return found


def _name_in(value: Value, catalog: OpCatalog) -> str:
    """Spells a value as the inputs of a FunctionDef's nodes do."""
    if value.node.op == _ARG:
        return value.node.name
    port = value.index
    for arg, count in catalog.output_counts(value.node).items():
        if port < count:
            return f"{value.node.name}:{arg}:{port}"
        port -= count
    raise GraphError(f"{value.node.op} ({value.node.name!r}) has no output {value.index}.")
