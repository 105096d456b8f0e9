"""Drops attributes that today's definition of an op no longer has, where they say nothing."""

from __future__ import annotations

import functools

from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.ops import OpCatalog, known_definitions, known_facts
from compat_saver.passes.base import Pass, Rewrite


class DropUnknownAttributes(Pass):
    """Removes each attribute that today's op lacks and that holds its default of the day.

    At its default an attribute asks for what the op did before it existed, or does since it is gone. One with another
    value stays and stops the migration later, for nobody can say what it meant. Names with a leading underscore are
    annotations that no op defines; they stay.

    Args:
        catalog: the definitions the graph was written against.
    """

    name = "drop_unknown_attributes"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node whose op today's TensorFlow has."""
        dropped = []
        for node in graph:
            for name in unknown_attributes(node.op, node.attrs):
                if _says_nothing(node, name, self._catalog):
                    del node.attrs[name]
                    dropped.append(f"{node.op}.{name}")
        return Rewrite(self.name, len(dropped), ", ".join(sorted(set(dropped))))


def unknown_attributes(op: str, attrs: dict[str, object]) -> list[str]:
    """Returns the names among `attrs` that today's definition of `op` lacks; none if today has no such op."""
    known = _known_attributes(op)
    return [] if known is None else [name for name in attrs if name not in known and not name.startswith("_")]


def lasting_attributes(node: Node, catalog: OpCatalog) -> list[str]:
    """Returns the names of the attributes that today's op lacks and that the pass would leave."""
    return [name for name in unknown_attributes(node.op, node.attrs) if not _says_nothing(node, name, catalog)]


@functools.cache
def _known_attributes(op: str) -> frozenset[str] | None:
    facts = known_facts().get(op)
    if facts is None or not facts.registered_today:
        return None
    return frozenset(attr.name for attr in known_definitions()[op].attr)


def _says_nothing(node: Node, name: str, catalog: OpCatalog) -> bool:
    """Whether an attribute holds the default of the definition that the graph was written against."""
    definition = catalog.find(node.op)
    return any(
        attr.name == name and attr.HasField("default_value") and attr.default_value == node.attrs[name]
        for attr in (definition.attr if definition is not None else ())
    )
