"""Tells the optimizers of a graph apart: what each changes, and what its gradients were taken through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from compat_saver.analysis.serving.training import GRADIENT_OF, UPDATE_SCOPE, changed_by, is_update
from compat_saver.graph.ir import Graph, Node


@dataclass(frozen=True)
class Optimizer:
    """What one optimizer does in one step.

    Attributes:
        updates: the names of the variables that it changes.
        through: the names of the nodes that its gradients were taken through.
        scopes: the scopes of these gradients.
    """

    updates: frozenset[str]
    through: frozenset[str]
    scopes: frozenset[str]


def find_optimizers(graph: Graph, training: Collection[Node]) -> list[Optimizer]:
    """Returns the optimizers of a graph.

    Args:
        graph: the whole graph.
        training: what only training needs, gradients among it.

    Source: Optimizer.apply_gradients in python/training/optimizer.py: all updates of one call are in one scope.
    """
    steps: dict[str, list[Node]] = defaultdict(list)
    for node in graph:
        if node.inputs and is_update(node):
            steps[node.name.partition(f"/{UPDATE_SCOPE}")[0]].append(node)
    found = []
    for updates in steps.values():
        taken = _gradients(_before(updates, training))
        through = frozenset(name for names in taken.values() for name in names)
        found.append(Optimizer(frozenset(changed_by(updates)), through, frozenset(taken)))
    return found


def slopes(graph: Graph, optimizers: Collection[Optimizer]) -> set[str]:
    """Returns the names of the nodes whose gradients the program took and no optimizer uses; empty without optimizers.

    So an actor that has a step of its own learns from its critic: from the slope by the action that is fed.
    """
    used = {scope for step in optimizers for scope in step.scopes}
    taken = _gradients(graph) if optimizers else {}
    return {name for scope, names in taken.items() if scope not in used for name in names}


def _before(updates: Collection[Node], training: Collection[Node]) -> set[Node]:
    seen, pending = set(updates), list(updates)
    while pending:
        for value in pending.pop().inputs:
            if value.node in training and value.node not in seen:
                seen.add(value.node)
                pending.append(value.node)
    return seen


def _gradients(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """Returns scope of gradients -> the names of the nodes that they were taken through."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        match = GRADIENT_OF.search(node.name)
        if match is not None:
            found[node.name[: match.start(1)]].add(match.group(1))
    return found
