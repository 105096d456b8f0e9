"""Drops attributes that today's definition of an op no longer has, where they say nothing."""

from __future__ import annotations

from compat_saver.graph.ir import Graph
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
                if node.attrs[name] == self._default(node.op, name):
                    del node.attrs[name]
                    dropped.append(f"{node.op}.{name}")
        return Rewrite(self.name, len(dropped), ", ".join(sorted(set(dropped))))

    def _default(self, op: str, name: str) -> object:
        definition = self._catalog.find(op)
        for attr in definition.attr if definition is not None else ():
            if attr.name == name and attr.HasField("default_value"):
                return attr.default_value
        return None


def unknown_attributes(op: str, attrs: dict[str, object]) -> list[str]:
    """Returns the names among `attrs` that today's definition of `op` lacks; none if today has no such op."""
    facts = known_facts().get(op)
    if facts is None or not facts.registered_today:
        return []
    known = {attr.name for attr in known_definitions()[op].attr}
    return [name for name in attrs if name not in known and not name.startswith("_")]
