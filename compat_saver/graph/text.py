"""A readable text form of graphs, for tests, messages and debugging.

One node a line: `name = Op[attributes](inputs, ^control inputs) @device`, the brackets, parentheses and device only
where there is something in them.

    x = Placeholder[dtype=float32, shape=[?, 12]]
    w = VariableV2[dtype=float32, shape=[12, 3]]
    y = MatMul[T=float32](x, w/read, ^init) @/device:CPU:0
    c = Const[dtype=int32, value=int32[2](3, 4)]

Attribute values: a data type by its name; integers; floats with a point, an exponent, inf or nan; true, false;
"text" with Python's escapes; shapes in brackets with ? for an unknown dimension and [*] for unknown rank; a tensor as
dtype[shape](elements); a function as @name; lists in braces. What has no such form, a big tensor or a function with
attributes, is printed between angle brackets and cannot be read back.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import GraphError
from compat_saver.graph.attributes import Shape, shape_attr, shape_from_message, tensor_attr, type_attr
from compat_saver.graph.ir import Graph, Node
from compat_saver.proto.messages import AttrValue, Message

_LONGEST_TENSOR = 16


def format_graph(graph: Graph) -> str:
    """Returns the text of a graph, a line per node, ending in a line break unless it is empty."""
    return "".join(f"{format_node(node)}\n" for node in graph)


def format_node(node: Node) -> str:
    """Returns the line of one node."""
    attrs = ", ".join(f"{name}={format_attr(node.attrs[name])}" for name in sorted(node.attrs))
    inputs = [value.node.name if value.index == 0 else value.name for value in node.inputs]
    inputs += [f"^{other.name}" for other in node.control_inputs]
    line = f"{node.name} = {node.op}"
    line += f"[{attrs}]" if attrs else ""
    line += f"({', '.join(inputs)})" if inputs else ""
    return line + (f" @{node.device}" if node.device else "")


def format_attr(message: Message) -> str:
    """Returns the text of an attribute value."""
    kind = message.WhichOneof("value")
    if kind == "list":
        field = next((item for item, _ in message.list.ListFields()), None)
        if field is None:
            return "{}"
        return "{" + ", ".join(_format(field.name, item) for item in getattr(message.list, field.name)) + "}"
    return "<nothing>" if kind is None else _format(kind, getattr(message, kind))


def _format(kind: str, value: Message) -> str:
    if kind == "type":
        return dtypes.name_of(value)
    if kind == "shape":
        return format_shape(shape_from_message(value))
    if kind == "tensor":
        return _format_tensor(value)
    if kind == "s":
        return _format_bytes(value)
    if kind == "b":
        return "true" if value else "false"
    if kind == "f":
        return repr(float(np.float32(value))) if float(value).is_integer() else str(np.float32(value))
    if kind == "func":
        return f"<function {value.name} with attributes>" if value.attr else f"@{value.name}"
    return f"<placeholder {value}>" if kind == "placeholder" else str(value)


def _format_bytes(value: bytes) -> str:
    # Python's own escapes; always in double quotes, to distinguish them from other values.
    body = repr(value)[2:-1].replace('"', '\\"').replace("\\'", "'")
    return f'"{body}"'


def format_shape(shape: Shape) -> str:
    """Returns "[2, ?]", or "[*]" for an unknown rank."""
    if shape is None:
        return "[*]"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def _format_tensor(message: Message) -> str:
    shape = shape_from_message(message.tensor_shape)
    name = dtypes.name_of(message.dtype)
    count = int(np.prod([size or 0 for size in shape or ()], dtype=np.float64))
    if count > _LONGEST_TENSOR:
        return f"<{name} tensor {format_shape(shape)}>"
    from compat_saver.proto.tensors import to_array

    array = to_array(message)
    kind = {"f": "f", "b": "b", "O": "s"}.get(array.dtype.kind, "i")
    elements = ", ".join(_format(kind, item) for item in array.reshape(-1).tolist())
    return f"{name}{format_shape(shape)}({elements})"


def differences(found: Graph, expected: Graph) -> list[str]:
    """Returns one sentence per difference between two graphs; the order of their nodes does not count."""
    lines = [f"{node.name} is not expected" for node in found if node.name not in expected]
    lines += [f"{node.name} is missing" for node in expected if node.name not in found]
    for node in expected:
        other = found.get(node.name)
        if other is not None:
            lines += [f"{node.name}: {line}" for line in _node_differences(other, node)]
    return lines


def _node_differences(found: Node, expected: Node) -> list[str]:
    pairs = [
        ("op", found.op, expected.op),
        ("device", found.device, expected.device),
        ("inputs", [v.name for v in found.inputs], [v.name for v in expected.inputs]),
        (
            "control inputs",
            sorted(node.name for node in found.control_inputs),
            sorted(node.name for node in expected.control_inputs),
        ),
    ]
    for name in sorted(found.attrs.keys() | expected.attrs.keys()):
        pairs.append((f"attr {name}", _attr_text(found, name), _attr_text(expected, name)))
    return [f"{what} is {got}, expected {wanted}" for what, got, wanted in pairs if got != wanted]


def _attr_text(node: Node, name: str) -> str:
    return format_attr(node.attrs[name]) if name in node.attrs else "absent"


# ---- reading

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<number>-?(?:inf|nan)\b|-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)
      | (?P<word>[A-Za-z_][\w.>/-]*)
      | (?P<mark>[\[\](){},=?*@])
    )""",
    re.VERBOSE,
)
_HEAD = re.compile(r"(?P<name>\S+)\s*=\s*(?P<op>[\w>]+)\s*")


def parse_graph(text: str, producer: int = 0) -> Graph:
    """Reads the text form; empty lines and lines that start with # are ignored. Nodes may be in any order.

    Raises:
        GraphError: a line that does not fit the form, or an input that is not in the graph.
    """
    graph = Graph(producer=producer)
    pending: list[tuple[Node, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            pending.append(_parse_line(graph, stripped))
        except (ValueError, StopIteration, KeyError, TypeError) as error:
            raise GraphError(f"Line {number} of the graph text, {stripped!r}: {error}") from error
    for node, inputs in pending:
        names = [name for name in inputs if not name.startswith("^")]
        node.set_inputs(graph.value(name) for name in names)
        for name in inputs[len(names) :]:
            node.add_control_input(graph[name.removeprefix("^")])
    return graph


def _parse_line(graph: Graph, line: str) -> tuple[Node, list[str]]:
    head = _HEAD.match(line)
    if head is None:
        raise ValueError("expected NAME = OP")
    rest = line[head.end() :]
    attrs: dict[str, Message] = {}
    if rest.startswith("["):
        tokens = _Tokens(rest)
        attrs = _parse_attrs(tokens)
        rest = rest[tokens.position :].lstrip()
    inputs: list[str] = []
    if rest.startswith("("):
        inside, _, rest = rest[1:].partition(")")
        inputs = [item.strip() for item in inside.split(",")]
    device = rest.strip()
    if device and not device.startswith("@"):
        raise ValueError(f"unexpected {device!r}")
    return graph.add(head["op"], head["name"], attrs=attrs, device=device.removeprefix("@")), inputs


class _Tokens:
    """The tokens of one line's attributes, with a look at the next one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.position = 0

    def peek(self) -> str:
        match = _TOKEN.match(self._text, self.position)
        return match[0].strip() if match else ""

    def take(self, wanted: str | None = None) -> str:
        match = _TOKEN.match(self._text, self.position)
        token = match[0].strip() if match else ""
        if match is None or (wanted is not None and token != wanted):
            raise ValueError(f"expected {wanted or 'a value'} at {self._text[self.position :]!r}")
        self.position = match.end()
        return token

    def until(self, closing: str) -> Iterator[None]:
        """Yields once per item of a comma separated list, up to the closing mark, which it takes."""
        while self.peek() != closing:
            yield
            if self.peek() != closing:
                self.take(",")
        self.take(closing)


def _parse_attrs(tokens: _Tokens) -> dict[str, Message]:
    attrs = {}
    tokens.take("[")
    for _ in tokens.until("]"):
        name = tokens.take()
        tokens.take("=")
        attrs[name] = _parse_value(tokens)
    return attrs


def _parse_value(tokens: _Tokens) -> Message:
    token = tokens.peek()
    if token == "{":
        return _parse_list(tokens)
    if token == "[":
        return shape_attr(_parse_shape(tokens))
    tokens.take()
    if token == "@":
        message = AttrValue()
        message.func.name = tokens.take()
        return message
    if token.startswith('"'):
        return AttrValue(s=_parse_bytes(token))
    if token in ("true", "false"):
        return AttrValue(b=token == "true")
    if token[0].isalpha() and token not in ("inf", "nan"):
        return _parse_tensor(tokens, token) if tokens.peek() == "[" else type_attr(_type_number(token))
    return AttrValue(f=float(token)) if re.search(r"[.enia]", token) else AttrValue(i=int(token))


def _parse_list(tokens: _Tokens) -> Message:
    message = AttrValue()
    message.list.SetInParent()
    tokens.take("{")
    for _ in tokens.until("}"):
        item = _parse_value(tokens)
        kind = item.WhichOneof("value")
        target = getattr(message.list, kind)
        if kind in ("shape", "tensor", "func"):
            target.add().CopyFrom(getattr(item, kind))
        else:
            target.append(getattr(item, kind))
    return message


def _parse_shape(tokens: _Tokens) -> Shape:
    tokens.take("[")
    sizes: list[int | None] = []
    for _ in tokens.until("]"):
        token = tokens.take()
        if token == "*":
            tokens.take("]")
            return None
        sizes.append(None if token == "?" else int(token))
    return tuple(sizes)


def _parse_tensor(tokens: _Tokens, dtype: str) -> Message:
    shape = _parse_shape(tokens)
    elements: list[object] = []
    tokens.take("(")
    for _ in tokens.until(")"):
        token = tokens.take()
        if token.startswith('"'):
            elements.append(_parse_bytes(token))
        elif token in ("true", "false"):
            elements.append(token == "true")
        else:
            elements.append(float(token) if re.search(r"[.enia]", token) else int(token))
    return tensor_attr(np.array(elements, dtype=dtypes.by_name(dtype).numpy).reshape(shape or ()))


def _parse_bytes(token: str) -> bytes:
    return bytes(ast.literal_eval(f"b{token}"))


def _type_number(name: str) -> int:
    number = dtypes.by_name(name.removesuffix("_ref")).number
    return number + dtypes.REF_OFFSET if name.endswith("_ref") else number
