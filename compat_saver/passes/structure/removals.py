"""Removes what a migrated graph does not need: unneeded nodes and functions, placement, unknown annotations."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator

from compat_saver.errors import counted
from compat_saver.graph.functions import called_functions
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_sets import CALL_OPS
from compat_saver.graph.ops import OpCatalog, known_definitions, known_facts
from compat_saver.passes.base import Pass, Rewrite


class Prune(Pass):
    """Removes every node that no root needs, over data or control edges, and every function that nothing calls.

    A control edge is kept as if it were data: a session would have run its source before the output.

    Args:
        roots: the names of the nodes to keep.
    """

    name = "prune"

    def __init__(self, roots: Iterable[str]) -> None:
        self._roots = tuple(roots)

    def apply(self, graph: Graph) -> Rewrite:
        """Removes what no root needs."""
        kept = graph.ancestors(graph[name] for name in self._roots)
        count = graph.remove_all(node for node in graph if node not in kept)
        nodes, functions = counted(count, "node"), counted(_prune_functions(graph), "function")
        return Rewrite(self.name, count, f"{nodes} and {functions} that no signature needs")

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Every root is still there."""
        yield from (f"{name} is gone" for name in self._roots if name not in graph)


def _prune_functions(graph: Graph) -> int:
    """Removes the functions that no kept node reaches; returns how many."""
    called = called_functions(graph, graph)
    dropped = graph.functions.keys() - called
    graph.functions = {name: body for name, body in graph.functions.items() if name in called}
    graph.gradients = {name: gradient for name, gradient in graph.gradients.items() if name in called}
    return len(dropped)


_DEVICES, _COLOCATIONS, _SHAPES, _COMPILATIONS = "device", "colocation", "recorded shape", "XLA scope"
_TIES = {
    "_class": _COLOCATIONS,  # "loc:@other/node"
    "_output_shapes": _SHAPES,  # by the writer's shape functions; the current ones may differ and stop the import
    # Requests to be compiled, for a TPU or by a scope. Current TensorFlow follows them on a CPU too, and then rounds
    # differently, or fails: "Undeclared output of XLA computation".
    "_XlaCompile": _COMPILATIONS,
    "_XlaMustCompile": _COMPILATIONS,
    "_XlaScope": _COMPILATIONS,
    "_XlaSeparateCompiledGradients": _COMPILATIONS,
    "_tpu_replicate": _COMPILATIONS,
    "_xla_compile_id": _COMPILATIONS,
    "_xla_outside_compilation": _COMPILATIONS,
}


class DropPlacement(Pass):
    """Removes devices, colocations, recorded output shapes and XLA scopes; none of them changes what is computed.

    They tie the graph to the machine that wrote it, or to the one it was meant to run on.
    """

    name = "drop_placement"

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node."""
        dropped = Counter(dict.fromkeys((_DEVICES, _COLOCATIONS, _SHAPES), 0))
        for node in graph:
            dropped[_DEVICES] += bool(node.device)
            node.device = ""
            for name in node.attrs.keys() & _TIES.keys():
                del node.attrs[name]
                dropped[_TIES[name]] += 1
        detail = ", ".join(counted(count, kind) for kind, count in dropped.items())
        return Rewrite(self.name, dropped.total(), detail)

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Nothing of it is left."""
        yield from (f"{node.name} is still placed" for node in graph if node.device or node.attrs.keys() & _TIES.keys())


_OVERRIDE = "_gradient_op_type"


class DropGradientOverrides(Pass):
    """Removes the names of custom gradients: the Python functions behind them are not stored in any file.

    `tf.custom_gradient` and `gradient_override_map` leave the attribute `_gradient_op_type` on an op. The forward pass
    does not use it; in the backward pass TensorFlow looks for a gradient of that name and raises, even for variables
    that do not depend on the op. Without the attribute each op has its default gradient: the same numbers for
    tf.nn.swish and similar functions, different ones for a straight-through estimator.
    """

    name = "drop_gradient_overrides"

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node."""
        overridden = [node for node in graph if node.attrs.pop(_OVERRIDE, None) is not None]
        # On a call the attribute is internal to TensorFlow: it names the gradient derived from the function.
        dropped = [node for node in overridden if node.op not in CALL_OPS]
        return Rewrite(self.name, len(dropped), ", ".join(sorted({node.op for node in dropped})))


class DropUnknownAttributes(Pass):
    """Removes each attribute that the current definition of its op lacks and that holds its original default.

    At its default an attribute requests what the op did before the attribute existed, or does since it is gone. One
    with another value stays and blocks the migration, because its meaning is lost. Names with a leading underscore are
    annotations that no op defines; they stay.

    Args:
        catalog: the definitions the graph was written against.
    """

    name = "drop_unknown_attributes"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node whose op current TensorFlow has."""
        dropped = []
        for node in graph:
            for name in unknown_attributes(node.op, node.attrs):
                if _is_default(node, name, self._catalog):
                    del node.attrs[name]
                    dropped.append(f"{node.op}.{name}")
        return Rewrite(self.name, len(dropped), ", ".join(sorted(set(dropped))))


def unknown_attributes(op: str, attrs: dict[str, object]) -> list[str]:
    """Returns the names among `attrs` that the current definition of `op` lacks; none if `op` is gone."""
    known = _known_attributes(op)
    return [] if known is None else [name for name in attrs if name not in known and not name.startswith("_")]


def lasting_attributes(node: Node, catalog: OpCatalog) -> list[str]:
    """Returns the names of the attributes that the current op lacks and that the pass would leave."""
    return [name for name in unknown_attributes(node.op, node.attrs) if not _is_default(node, name, catalog)]


@functools.cache
def _known_attributes(op: str) -> frozenset[str] | None:
    facts = known_facts().get(op)
    if facts is None or not facts.registered_today:
        return None
    return frozenset(attr.name for attr in known_definitions()[op].attr)


def _is_default(node: Node, name: str, catalog: OpCatalog) -> bool:
    """Whether an attribute holds the default of the definition that the graph was written against."""
    definition = catalog.find(node.op)
    return any(
        attr.name == name and attr.HasField("default_value") and attr.default_value == node.attrs[name]
        for attr in (definition.attr if definition is not None else ())
    )
