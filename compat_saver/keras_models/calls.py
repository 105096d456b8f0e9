"""How layers are called: the inbound nodes of a configuration as arguments, in which tensors are references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from compat_saver.keras_models.nodes import NodeOperation, attribute
from compat_saver.keras_models.operations import Operation, unknown_arguments

_CONSTANT = "_CONSTANT_VALUE"


class Ref(NamedTuple):
    """A tensor: an output of a call of a layer.

    Attributes:
        layer: the layer's name.
        call: which of its calls.
        output: which of the outputs of the call.
    """

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Call:
    """A call of a layer or of a function.

    Attributes:
        first: the first argument: a Ref, a constant, or a structure of them.
        arguments: the others by name.
        function: of keras.ops, or a composed one; "" for a layer.
        unknown: arguments that the function has no equivalent of.
    """

    first: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)
    function: str = ""
    unknown: Sequence[str] = ()

    def renamed(self, operation: Operation) -> Call:
        """Returns the call of a function; the first argument goes by its name as well."""
        first, *_ = operation.arguments.values()
        given = {name: value for name, value in self.arguments.items() if name in operation.arguments}
        named = {operation.arguments[name]: value for name, value in given.items() if value is not None}
        unknown = unknown_arguments(operation, self.arguments)
        return replace(
            self, first=None, arguments={first: self.first, **named}, function=operation.function, unknown=unknown
        )


def refs(item: Any) -> Iterator[Ref]:
    """Yields the references in an argument."""
    if isinstance(item, Ref):
        yield item
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from refs(value)
    elif isinstance(item, list | tuple):
        for value in item:
            yield from refs(value)


def structure(item: Any) -> Any:
    """Returns `["dense", 0, 0]`, or lists or dicts of such, as references."""
    if isinstance(item, Mapping):
        return {key: structure(value) for key, value in item.items()}
    if _is_ref(item):
        return Ref(*item[:3])
    return [structure(value) for value in item]


def _is_ref(item: Any) -> bool:
    """Whether it is a tensor of a layer, or the constant that a function has in its place."""
    if not isinstance(item, list) or len(item) not in (3, 4) or not isinstance(item[0], str):
        return False
    return item[0] == _CONSTANT or all(isinstance(number, int) for number in item[1:3])


def layer_calls(nodes: Sequence[Any], names: set[str]) -> list[Call]:
    """Returns the calls of a layer.

    Args:
        nodes: its inbound nodes: a tensor, or a list of tensors, each as [layer, call, output, other arguments].
        names: the layers of the model, by which a tensor among the other arguments is known.
    """
    return [_call(node, names) for node in nodes]


def _call(node: Any, names: set[str]) -> Call:
    """Cases: one tensor, several in a list (one alone is that tensor), a structure by name."""
    if isinstance(node, Mapping):
        return Call({key: _call(value, names).first for key, value in node.items()}, _others(node.values(), names))
    if _is_ref(node):
        return Call(_tensor(node, names), _others([node], names))
    tensors = [_tensor(item, names) for item in node]
    return Call(tensors[0] if len(tensors) == 1 else tensors, _others(node, names))


def _tensor(item: Any, names: set[str]) -> Any:
    if not _is_ref(item):
        return [_tensor(value, names) for value in item] if isinstance(item, list) else item
    if item[0] == _CONSTANT:
        return item[2]
    return Ref(*item[:3])


def _others(items: Any, names: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = next((item[3] for item in items if isinstance(item, list) and len(item) == 4), {})
    return {name: _value(value, names) for name, value in found.items()}


def _value(value: Any, names: set[str]) -> Any:
    if _is_ref(value) and value[0] in names:
        return Ref(*value[:3])
    if isinstance(value, Mapping):
        return {key: _value(item, names) for key, item in value.items()}
    return [_value(item, names) for item in value] if isinstance(value, list) else value


# ---- nodes of a graph


def node_call(operation: NodeOperation, node: Mapping[str, Any], constants: Mapping[str, Any], call: Call) -> Call:
    """Returns the call for a node of a graph.

    Args:
        operation: what computes its op.
        node: the NodeDef, as JSON.
        constants: number of an input -> its constant.
        call: the other inputs, in order.
    """
    tensors = iter(call.first if isinstance(call.first, list) else [call.first])
    count = len([name for name in node["input"] if not name.startswith("^")])
    inputs = [constants[str(n)] if str(n) in constants else next(tensors) for n in range(count)]
    first, *others = operation.inputs
    if first.startswith("["):
        most = len(inputs) - len(others)
        inputs = [inputs[:most], *inputs[most:]]
    given = dict(zip([first.removeprefix("["), *others], inputs, strict=True))
    attributes = node.get("attr") or {}
    given |= {new: attribute(attributes[old]) for old, new in operation.attributes.items() if old in attributes}
    return Call(None, given, operation.function)
