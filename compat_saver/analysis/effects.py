"""Finds what a graph would do outside of itself if it were run, also in the bodies of its functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from compat_saver.analysis.known_values import constant_value
from compat_saver.errors import FormatError, phrases_and_more
from compat_saver.graph.attributes import Attr
from compat_saver.graph.functions import called_functions, function_bodies
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_sets import RESTORE_OPS, SAVE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.graph.side_effects import OpEffect, reaching_ops
from compat_saver.proto.messages import Message
from compat_saver.proto.tensors import as_bytes

_MOST_NAMES = 3


class SideEffect(NamedTuple):
    """A node that reaches outside of its graph.

    Attributes:
        op: its op.
        node: its name; in a function, behind the name of that and a slash.
        kind: one of `side_effects.KINDS`.
        does: what it does, a phrase.
        names: the files, directories or servers that the graph names; empty if it computes them.
        needed: whether it would be run.
    """

    op: str
    node: str
    kind: str
    does: str
    names: tuple[str, ...]
    needed: bool

    def __str__(self) -> str:
        return f"{self.op} {self.node!r} {self.does}{f': {self.shown_names}' if self.names else ''}"

    @property
    def shown_names(self) -> str:
        """Returns the first of the names, quoted."""
        return phrases_and_more([repr(name) for name in self.names], _MOST_NAMES)

    def to_dict(self) -> dict[str, Any]:
        """Returns the effect in the form of `--json`; keys may be added to it, none is ever removed."""
        return {**self._asdict(), "names": list(self.names)}


def kinds_by_op(effects: Iterable[SideEffect]) -> dict[str, str]:
    """Returns op -> what nodes of it do outside, for the rows of `--json`."""
    return {item.op: item.kind for item in effects}


def side_effects(
    graph: Graph, catalog: OpCatalog, needed: Collection[str], saver: Message | None
) -> tuple[SideEffect, ...]:
    """Returns every node that reaches outside, in the graph's order, those in functions last.

    Args:
        graph: as it was read.
        catalog: the definitions that hold for it.
        needed: the names of the nodes that would be run.
        saver: its SaverDef. What that does with the checkpoint that its caller names is not listed unless it is needed.
    """
    finder = _Finder(graph, catalog, needed)
    found = [item for node in graph if (item := finder.effect(node, node.name, node.name in needed)) is not None]
    if found:
        own = _of_saver(graph, saver)
        found = [item for item in found if item.needed or item.node not in own]
    return (*found, *finder.in_functions())


class _Finder:
    def __init__(self, graph: Graph, catalog: OpCatalog, needed: Collection[str]) -> None:
        self._graph, self._catalog, self._needed = graph, catalog, needed

    def in_functions(self) -> Iterator[SideEffect]:
        """Yields the effects of what is in functions; a body that cannot be read is looked through node by node."""
        written = {name: (*item.node_def, *item.node) for name, item in self._graph.functions.items()}
        if not any(node.op in reaching_ops() for nodes in written.values() for node in nodes):
            return
        called = called_functions(self._graph, [node for node in self._graph if node.name in self._needed])
        bodies = dict(function_bodies(self._graph, self._catalog))
        for name, nodes in written.items():
            for node in bodies.get(name, nodes):
                item = self.effect(node, f"{name}/{_name_of(node)}", name in called)
                if item is not None:
                    yield item

    def effect(self, node: Node | Message, name: str, is_needed: bool) -> SideEffect | None:
        """Returns what a node, or the message of one, does outside; None if it does nothing."""
        row = reaching_ops().get(node.op)
        if row is None:
            return None
        names = self._names(node, row)
        if names is not None and not any(map(row.reaches, names)):
            return None
        return SideEffect(node.op, name, row.kind, row.does, names or (), is_needed)

    def _names(self, node: Node | Message, row: OpEffect) -> tuple[str, ...] | None:
        """Returns what a node names to reach; None if that is unknown."""
        if row.attribute:
            return self._in_attribute(node, row.attribute)
        return _in_input(node, self._position(node.op, row.argument)) if isinstance(node, Node) else None

    def _position(self, op: str, argument: str) -> int:
        definition = self._catalog.find(op)
        names = [] if definition is None else [arg.name for arg in definition.input_arg]
        return names.index(argument) if argument in names else -1

    def _in_attribute(self, node: Node | Message, name: str) -> tuple[str, ...] | None:
        attrs = node.attrs if isinstance(node, Node) else node.attr
        definition = self._catalog.find(node.op)
        defaults = {} if definition is None else {item.name: item.default_value for item in definition.attr}
        message = attrs[name] if name in attrs else defaults.get(name)
        if message is None or message.WhichOneof("value") is None:
            return None
        is_list = message.HasField("list")
        values = message.list.s if is_list else [Attr({name: message}).bytes(name)]
        return tuple(value.decode("utf-8", "replace") for value in values)


def _name_of(node: Node | Message) -> str:
    """Returns a node's name; in functions of TensorFlow 0.12 nodes have none, only their results."""
    name = getattr(node, "name", "")
    return name if isinstance(name, str) and name else next(iter(getattr(node, "ret", ())), node.op)


def _in_input(node: Node, position: int) -> tuple[str, ...] | None:
    if not 0 <= position < len(node.inputs):
        return None
    try:
        found = constant_value(node.inputs[position])
    except FormatError:
        return None
    if found is None or found.dtype.kind not in "OS":
        return None
    return tuple(as_bytes(item).decode("utf-8", "replace") for item in found.ravel().tolist())


def _of_saver(graph: Graph, saver: Message | None) -> set[str]:
    """Returns the nodes with which the graph's saver writes and reads the checkpoint that it is given."""
    ends = () if saver is None else (saver.save_tensor_name, saver.restore_op_name)
    roots = [node for name in ends if (node := graph.get(name.partition(":")[0])) is not None]
    given = None if saver is None else graph.get(saver.filename_tensor_name.partition(":")[0])
    return {
        node.name
        for node in graph.ancestors(roots)
        if node.op in (*RESTORE_OPS, *SAVE_OPS) and given in graph.ancestors(value.node for value in node.inputs[:2])
    }
