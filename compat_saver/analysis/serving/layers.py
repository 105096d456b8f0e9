"""Finds the layers of a graph: where weights, whatever form they are brought into, meet what is fed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.serving.whole_batch import REDUCTIONS, Edges
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.graph.ir import Node

_DIFFERENCES = frozenset({"Sub", "SquaredDifference"})
"""What compares a weight with another rather than apply it."""


class LayerFinder:
    """Finds layers in the forward part of a graph.

    Args:
        forward: the nodes of it.
        fed: those of them that depend on what is fed.
        readers: node -> what reads it.
        chains: the weights that are scores of transitions between tags, which no layer applies.
    """

    def __init__(
        self, forward: Iterable[Node], fed: Collection[Node], readers: Edges, chains: Collection[Node]
    ) -> None:
        self._forward, self._fed, self._readers, self._chains = tuple(forward), fed, readers, chains

    def forms(self, weights: Iterable[Node]) -> dict[Node, Node]:
        """Returns the nodes whose value is a weight, perhaps in another form -> that weight."""
        found = {node: node for node in weights}
        pending = list(found)
        while pending:
            node = pending.pop()
            for reader in self._readers[node]:
                if reader not in found and reader not in self._fed and reader.op not in REDUCTIONS:
                    found[reader] = found[node]
                    pending.append(reader)
        return found

    def layers(self, forms: Mapping[Node, Node]) -> dict[Node, list[Node]]:
        """Returns weight -> the layers that apply it, from the forms of weights."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for node, weight in forms.items():
            if weight not in self._chains:
                readers = (reader for reader in self._readers[node] if reader.op not in _DIFFERENCES)
                found[weight] += [reader for reader in readers if reader in self._fed]
        return found

    def layers_of_others(self, weights: Collection[Node]) -> dict[Node, list[Node]]:
        """Returns what was learned elsewhere (variables that are not trained here, constant matrices) -> its layers."""
        learned = set(weights)
        others = [*variable_nodes(self._forward), *(node for node in self._forward if _is_matrix(node))]
        return self.layers(_merged(self.forms(node for node in others if node not in learned)))


def _merged(weight_of: Mapping[Node, Node]) -> dict[Node, Node]:
    """Returns the same with one weight for equal constants: programs write one again wherever they apply it."""
    first: dict[Any, Node] = {}
    same = {weight: first.setdefault(_content(weight), weight) for weight in dict.fromkeys(weight_of.values())}
    return {node: same[weight] for node, weight in weight_of.items()}


def _content(weight: Node) -> Any:
    array = constant_value(weight.output()) if weight.op == "Const" else None
    return weight if array is None else (array.dtype.str, array.shape, hash(array.tobytes()))


def _is_matrix(node: Node) -> bool:
    array = constant_value(node.output()) if node.op == "Const" else None
    return array is not None and array.ndim > 1 and array.size > 0 and bool((array != array.flat[0]).any())
