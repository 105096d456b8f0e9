"""The graph IR: a GraphDef whose edges are objects, so that a rewrite is a few local steps.

A GraphDef names its edges by text; finding who reads a tensor means a walk over every node. Here a `Value` knows its
uses and a `Node` its inputs, and every edit keeps both sides right. Cycles are allowed: a v1 while loop has one
through NextIteration and Merge.

Editing during an iteration: `for node in graph` visits the nodes that were there when it started, in order. Nodes added
meanwhile are not visited; nodes removed before their turn are skipped.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from compat_saver.errors import GraphError, NameNotFoundError, nearest_names
from compat_saver.graph.attributes import Attr
from compat_saver.proto.messages import Message


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Keeps Python from looking for garbage while a graph is made of many small objects, which all stay.

    Each search goes through all of them again, and takes longer than making them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Use(NamedTuple):
    """One place that reads a value: input number `position` of `node`."""

    node: Node
    position: int


class Value:
    """One output of a node: what TensorFlow calls the tensor `node:index`."""

    __slots__ = ("_uses", "index", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index
        # A dict for its order: the same rewrite must give the same graph every time.
        self._uses: dict[Use, None] = {}

    def __repr__(self) -> str:
        return f"<Value {self.name}>"

    @property
    def name(self) -> str:
        """The tensor's name, always with its port: "scope/node:0"."""
        return f"{self.node.name}:{self.index}"

    @property
    def uses(self) -> tuple[Use, ...]:
        """Where the value is read; a copy, safe to walk while editing."""
        return tuple(self._uses)

    def replace_uses(self, other: Value, where: Callable[[Use], bool] = lambda use: True) -> int:
        """Makes the readers of this value, or those of them that satisfy `where`, read `other`; returns how many."""
        chosen = [use for use in self._uses if where(use)]
        for use in chosen:
            use.node.replace_input(use.position, other)
        return len(chosen)


class Node:
    """One operation.

    Attributes:
        op: the op's name; may be assigned.
        attrs: attribute name -> AttrValue. Assign and delete entries freely, but never change a message in place: it
            may be shared with the GraphDef it came from.
        device: the requested device, or "".
    """

    __slots__ = ("_control_inputs", "_control_uses", "_graph", "_inputs", "_name", "_outputs", "attrs", "device", "op")

    def __init__(self, graph: Graph, name: str, op: str, attrs: Mapping[str, Message], device: str) -> None:
        self._graph: Graph | None = graph
        self._name = name
        self.op = op
        self.attrs: dict[str, Message] = dict(attrs)
        self.device = device
        self._inputs: list[Value] = []
        self._control_inputs: dict[Node, None] = {}
        self._control_uses: dict[Node, None] = {}
        self._outputs: dict[int, Value] = {}

    def __repr__(self) -> str:
        return f"<Node {self.name} = {self.op}>"

    @property
    def name(self) -> str:
        """The node's name, unique in its graph."""
        return self._name

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values it reads, in the op's order."""
        return tuple(self._inputs)

    @property
    def control_inputs(self) -> tuple[Node, ...]:
        """The nodes that must run before it."""
        return tuple(self._control_inputs)

    @property
    def control_uses(self) -> tuple[Node, ...]:
        """The nodes that it must run before."""
        return tuple(self._control_uses)

    @property
    def used_outputs(self) -> tuple[Value, ...]:
        """The outputs that were requested so far, by their number."""
        return tuple(self._outputs[index] for index in sorted(self._outputs))

    @property
    def attr(self) -> Attr:
        """Typed reading of the attributes: `node.attr.type("T")`, `node.attr.shape("shape")`."""
        return Attr(self.attrs)

    def output(self, index: int = 0) -> Value:
        """Returns the value of output `index`; not checked against the op's definition, which `OpCatalog` knows."""
        value = self._outputs.get(index)
        if value is None:
            value = self._outputs[index] = Value(self, index)
        return value

    def replace_input(self, index: int, value: Value) -> None:
        """Makes input number `index` read `value`."""
        use = Use(self, index)
        self._inputs[index]._uses.pop(use, None)
        self._inputs[index] = value
        value._uses[use] = None

    def set_inputs(self, values: Iterable[Value]) -> None:
        """Replaces all data inputs."""
        for index, value in enumerate(self._inputs):
            value._uses.pop(Use(self, index), None)
        self._inputs = list(values)
        for index, value in enumerate(self._inputs):
            value._uses[Use(self, index)] = None

    def add_control_input(self, node: Node) -> None:
        """Makes the node run after `node`; a node never waits for itself."""
        if node is not self:
            self._control_inputs[node] = None
            node._control_uses[self] = None

    def remove_control_input(self, node: Node) -> None:
        """Takes the control edge from `node` away, if there is one."""
        self._control_inputs.pop(node, None)
        node._control_uses.pop(self, None)

    def replace_control_uses(self, other: Node) -> None:
        """Makes all that waits for this node wait for `other`."""
        for user in self.control_uses:
            user.remove_control_input(self)
            user.add_control_input(other)


class Graph:
    """Nodes by name, in the order in which they were added.

    Attributes:
        producer: the GraphDef version of the release that wrote it; 0 if unknown. Ops have meanings by it.
        min_consumer: the oldest GraphDef version that may read it.
        functions: the function library, name -> FunctionDef.
        gradients: function name -> name of its gradient function.
    """

    def __init__(self, producer: int = 0, min_consumer: int = 0) -> None:
        self.producer = producer
        self.min_consumer = min_consumer
        self.functions: dict[str, Message] = {}
        self.gradients: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._taken_suffixes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        for node in tuple(self._nodes.values()):
            if node._graph is self:
                yield node

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __getitem__(self, name: str) -> Node:
        try:
            return self._nodes[name]
        except KeyError:
            hint = nearest_names(name, self._nodes)
            raise NameNotFoundError(f"The graph has no node {name!r}{hint or '.'}") from None

    def get(self, name: str) -> Node | None:
        """Returns the node of that name, or None."""
        return self._nodes.get(name)

    def value(self, name: str) -> Value:
        """Returns the value of a tensor name; "node" means "node:0".

        Raises:
            NameNotFoundError: no such node, or the port is not a number.
        """
        node, colon, port = name.partition(":")
        if colon and not port.isdecimal():
            raise NameNotFoundError(f"{name!r} is not a tensor name: expected NODE or NODE:PORT with a number as port.")
        return self[node].output(int(port or 0))

    def add(
        self,
        op: str,
        name: str,
        inputs: Iterable[Value] = (),
        attrs: Mapping[str, Message] | None = None,
        *,
        control_inputs: Iterable[Node] = (),
        device: str = "",
    ) -> Node:
        """Adds a node and returns it.

        Raises:
            GraphError: the name is taken; `unique_name` gives a free one.
        """
        if name in self._nodes:
            raise GraphError(f"Two nodes have the name {name!r}.")
        node = Node(self, name, op, attrs or {}, device)
        self._nodes[name] = node
        node.set_inputs(inputs)
        for other in control_inputs:
            node.add_control_input(other)
        return node

    def unique_name(self, base: str) -> str:
        """Returns `base`, or `base_1`, `base_2`, ... where that is taken."""
        if base not in self._nodes:
            return base
        number = self._taken_suffixes.get(base, 0) + 1
        while f"{base}_{number}" in self._nodes:
            number += 1
        self._taken_suffixes[base] = number
        return f"{base}_{number}"

    def rename(self, node: Node, name: str) -> None:
        """Gives a node another name; it keeps its edges and goes to the end of the order.

        Raises:
            GraphError: the name is taken.
        """
        if name in self._nodes:
            raise GraphError(f"Two nodes have the name {name!r}.")
        del self._nodes[node.name]
        node._name = name
        self._nodes[name] = node

    def remove(self, node: Node) -> None:
        """Takes a node out together with its edges.

        Raises:
            GraphError: another node still reads it or waits for it.
        """
        readers = [use.node.name for value in node._outputs.values() for use in value._uses]
        readers += [user.name for user in node._control_uses]
        if readers:
            raise GraphError(f"{node.name!r} cannot be removed: {readers[0]!r} still needs it.")
        self.remove_all([node])

    def remove_all(self, nodes: Iterable[Node]) -> int:
        """Takes nodes out, whatever is between them; returns how many.

        Raises:
            GraphError: a node that stays needs one that goes; the graph is then left as it was.
        """
        going = set(nodes)
        for node in going:
            for user in (*(u.node for v in node._outputs.values() for u in v._uses), *node._control_uses):
                if user not in going:
                    raise GraphError(f"{node.name!r} cannot be removed: {user.name!r} still needs it.")
        for node in going:
            node.set_inputs(())
            for other in node.control_inputs:
                node.remove_control_input(other)
            del self._nodes[node.name]
            node._graph = None
        return len(going)

    def ancestors(self, roots: Iterable[Node]) -> set[Node]:
        """Returns the roots and all that they need, over data and control edges."""
        found = set(roots)
        stack = list(found)
        while stack:
            node = stack.pop()
            for other in (*(value.node for value in node._inputs), *node._control_inputs):
                if other not in found:
                    found.add(other)
                    stack.append(other)
        return found

    def dependents(self, roots: Iterable[Node]) -> dict[Node, Node]:
        """Returns the roots and all that needs them, over data and control edges, each with a root that it needs."""
        found = {root: root for root in roots}
        stack = list(found)
        while stack:
            node = stack.pop()
            readers = (use.node for value in node.used_outputs for use in value.uses)
            for user in (*readers, *node.control_uses):
                if user not in found:
                    found[user] = found[node]
                    stack.append(user)
        return found

    def copy(self) -> Graph:
        """Returns a graph of the same nodes; attributes and functions are shared, the library is another dict."""
        copy = Graph(self.producer, self.min_consumer)
        copy.functions, copy.gradients = dict(self.functions), dict(self.gradients)
        with without_collection():
            made = {node: copy.add(node.op, node.name, attrs=node.attrs, device=node.device) for node in self}
            for node, twin in made.items():
                twin.set_inputs(made[value.node].output(value.index) for value in node._inputs)
                for other in node._control_inputs:
                    twin.add_control_input(made[other])
        return copy

    def check(self) -> None:
        """Checks that both ends of every edge agree and are in this graph.

        Raises:
            GraphError: the first contradiction found; it means a bug in the code that edited the graph.
        """
        for node in self._nodes.values():
            for index, value in enumerate(node._inputs):
                if value.node._graph is not self:
                    raise GraphError(f"Input {index} of {node.name!r} reads {value.name!r}, which is not in the graph.")
                if Use(node, index) not in value._uses:
                    raise GraphError(f"{value.name!r} does not know that {node.name!r} reads it.")
            for other in node._control_inputs:
                if other._graph is not self or node not in other._control_uses:
                    raise GraphError(f"{node.name!r} waits for {other.name!r}, which is not in the graph.")
