"""A part of a graph on its way into functions: what it needs, where it ends, and the functions made of it.

A loop becomes two functions, a conditional becomes two. Each is the part of a graph that computes some values, and each
is found the same way: backward from those values, up to where the part ends. What is met there are its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape, int_attr, shape_to_message, type_attr
from compat_saver.graph.functions import FUNCTION_EDGES, with_body
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.control_flow.recorded_shapes import RECORDED
from compat_saver.proto.messages import AttrValue, FunctionDef, Message

# Bigger constants are passed as arguments instead of copied: a frozen model has its weights as constants.
_LARGEST_COPIED = 1024
_RESOURCE = dtypes.by_name("resource").number
READS = (
    *("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp"),
    *("LookupTableFindV2", "LookupTableSizeV2", "LookupTableExportV2"),
)
READ_ONLY = "_read_only_resource_inputs"


class NotFunctional(Exception):
    """A part of a graph cannot be a function; says why."""


@dataclass(frozen=True)
class Kept:
    """What stays as TensorFlow 1 had it.

    Attributes:
        kind: "while loop", "conditional" or "TensorArray".
        name: the frame, the first Merge or the TensorArray.
        reason: a clause: "it has 2 conditions".
    """

    kind: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} stays: {self.reason}"


@dataclass(frozen=True)
class Result:
    """What a function returns: a value, once some nodes have run."""

    value: Value
    waits: tuple[Node, ...] = ()


@dataclass
class Part:
    """The nodes that some results need.

    Attributes:
        inside: the nodes that may belong to it, in the graph's order; anything else is outside.
        edges: a value at the edge of the part -> the value that it stands for: what a Switch or an Enter lets in.
        nodes: the nodes that belong to it, as far as `need` was asked.
        arguments: what it reads from outside, or at its edge.
        waits: the nodes outside that must have run before it does.
    """

    inside: Collection[Node]
    edges: Mapping[Value, Value]
    nodes: dict[Node, None] = field(default_factory=dict)
    arguments: dict[Value, None] = field(default_factory=dict)
    waits: dict[Node, None] = field(default_factory=dict)

    def need(self, results: Iterable[Result]) -> None:
        """Adds what some results need, over data and control edges."""
        pending: list[Node] = []
        for result in results:
            pending += self._sources([result.value], result.waits)
        while pending:
            node = pending.pop()
            if node not in self.nodes:
                self.nodes[node] = None
                if node in self.inside:  # and no constant from outside, which has nothing to wait for
                    pending += self._sources(node.inputs, node.control_inputs)

    def _sources(self, values: Iterable[Value], waits: Iterable[Node]) -> list[Node]:
        """Returns the nodes inside that some inputs and control inputs come from; notes those that are outside."""
        found = []
        for value in values:
            other = self.source(value)
            if _is_copied(other) or (value not in self.edges and value.node in self.inside):
                found.append(other.node)
            else:
                self.arguments[other] = None
        for node in waits:
            if node not in self.inside:
                self.waits[node] = None
            elif not self.is_pivot(node):
                found.append(node)
        return found

    def source(self, value: Value) -> Value:
        """Returns what a value stands for: itself within the part, what it lets in at the edge."""
        return self.edges.get(value, value)

    def is_pivot(self, node: Node) -> bool:
        """Whether waiting for a node means no more than to be in the part: it only passes an argument on."""
        while node.op == "Identity" and not node.control_inputs and node.inputs[0] not in self.edges:
            node = node.inputs[0].node
        if node.op == "Identity" and not node.control_inputs:
            return True
        return any(value in self.edges for value in node.used_outputs) or node.op == "LoopCond"

    def through(self, value: Value) -> Value:
        """Follows a value back through Identities that add nothing: what is passed on unchanged is seen as such."""
        while value.node.op == "Identity" and not value.node.control_inputs and value not in self.edges:
            value = value.node.inputs[0]
        return value


def _is_copied(value: Value) -> bool:
    """Whether a value is a constant that each function has a copy of."""
    tensor = value.node.attr.tensor("value") if value.node.op == "Const" else None
    return tensor is not None and tensor.ByteSize() <= _LARGEST_COPIED


class FunctionBody:
    """The body of a function to be.

    Args:
        library: the graph whose library will hold the function.
        types: the DT_* numbers of its arguments.
        shapes: their static shapes.
    """

    def __init__(self, library: Graph, types: Sequence[int], shapes: Sequence[Shape]) -> None:
        self.graph = Graph(library.producer, library.min_consumer)
        self.graph.functions = library.functions  # one library: what is made of the body's own loops goes there too
        self.arguments = [self._argument(index, *kind) for index, kind in enumerate(zip(types, shapes, strict=True))]

    def _argument(self, index: int, number: int, shape: Shape) -> Value:
        attrs = {"T": type_attr(number), "index": int_attr(index), RECORDED: shapes_attr([shape])}
        return self.graph.add("_Arg", f"arg{index}", attrs=attrs).output()

    def fill(self, part: Part, arguments: Mapping[Value, Value], results: Sequence[Result]) -> list[Result]:
        """Copies the nodes of a part and returns its results as they are in the body.

        Args:
            part: its nodes are known.
            arguments: for each of the part's arguments, the one in this body.
            results: of the part.
        """
        outside = [node for node in part.nodes if node not in part.inside]  # constants
        copies = {node: self._copy(node) for node in (*outside, *part.inside) if node in part.nodes}

        def found(value: Value) -> Value:
            source = part.source(value)
            return arguments[source] if source in arguments else copies[source.node].output(source.index)

        for node, copy in copies.items():
            if node not in part.inside:
                continue  # a constant; it waits for nothing
            copy.set_inputs(map(found, node.inputs))
            for other in node.control_inputs:
                if other in copies and not part.is_pivot(other):
                    copy.add_control_input(copies[other])
        return [
            Result(found(item.value), tuple(copies[node] for node in item.waits if node in copies)) for item in results
        ]

    def _copy(self, node: Node) -> Node:
        return self.graph.add(node.op, self.graph.unique_name(node.name), attrs=node.attrs, device=node.device)

    def returns(self, results: Sequence[Result], types: Sequence[int]) -> None:
        """Adds the results; one that waits for something gets an Identity that does."""
        for index, (result, number) in enumerate(zip(results, types, strict=True)):
            value, kind = result.value, {"T": type_attr(number)}
            if result.waits:
                name = self.graph.unique_name(f"result{index}/Identity")
                value = self.graph.add("Identity", name, [value], kind, control_inputs=result.waits).output()
            self.graph.add(
                "_Retval", self.graph.unique_name(f"result{index}"), [value], kind | {"index": int_attr(index)}
            )


def add_function(name: str, body: Graph, catalog: OpCatalog) -> Message:
    """Adds a body to the library that it shares and returns the attribute that names the function.

    Args:
        name: what to call it; characters that no function may have are replaced, and a number makes it unique.
        body: with _Arg and _Retval nodes. What shapes are recorded of its arguments the function tells converters.
        catalog: knows its ops.
    """
    base = re.sub(r"\W", "_", name)
    number = 0
    while (unique := f"{base}_{number}" if number else base) in body.functions:
        number += 1
    function = FunctionDef()
    function.signature.name = unique
    function.signature.is_stateful = is_stateful(body, catalog)
    for node in body:
        if node.op in FUNCTION_EDGES:
            args = function.signature.input_arg if node.op == "_Arg" else function.signature.output_arg
            args.add(name=node.name, type=node.attr.type("T"))
        if node.op == "_Arg" and RECORDED in node.attrs:
            function.arg_attr[node.attr.int("index")].attr[RECORDED].CopyFrom(node.attrs[RECORDED])
    body.functions[unique] = with_body(function, body, catalog)
    attr = AttrValue()
    attr.func.name = unique
    return attr


def is_stateful(body: Graph, catalog: OpCatalog) -> bool:
    """Whether a body keeps, reads or changes state."""
    return any(node.op not in FUNCTION_EDGES and catalog.is_stateful(node.op) for node in body)


def read_only(bodies: Sequence[Graph]) -> set[int]:
    """Returns the numbers of the resource arguments that every one of some bodies at most reads from."""
    return set.intersection(
        *(
            {
                node.attr.int("index")
                for node in body
                if node.op == "_Arg" and node.attr.type("T") == _RESOURCE and _is_only_read(node.output())
            }
            for body in bodies
        )
    )


def _is_only_read(handle: Value) -> bool:
    for use in handle.uses:
        known = use.node.attrs.get(READ_ONLY)
        inner = known is not None and use.position in known.list.i
        if use.node.op not in READS and use.node.op != "_Retval" and not inner:
            return False
    return True


def shapes_attr(shapes: Sequence[Shape]) -> Message:
    """Makes a list-of-shapes attribute."""
    return AttrValue(list=AttrValue.ListValue(shape=map(shape_to_message, shapes)))


def ints_attr(numbers: Sequence[int]) -> Message:
    """Makes a list-of-integers attribute."""
    return AttrValue(list=AttrValue.ListValue(i=numbers))
