"""Finds the networks that judge what others make: discriminators, critics, fixed networks that compare features.

What a judge computes serves the training of others as a loss does. Two things show one:

1. An optimizer takes its gradients through a layer and leaves the layer's weights alone, and another optimizer trains
   these for an objective of its own. So an actor is trained through its critic, a generator through its discriminator.
   Two learning rates for one loss are no such case: there the gradients of one optimizer are among the other's.
2. Without optimizers, or for weights that nothing trains: they are applied to what is fed and to what other weights
   made in its stead, and the loss reads both. A decoder that is applied to a code that is fed is no judge.

Networks that judge each other, as in a cycle, are none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from compat_saver.analysis.serving.optimizers import Optimizer
from compat_saver.analysis.walk import needed_by, spread
from compat_saver.graph.ir import Node

Edges = Mapping[Node, Sequence[Node]]


@dataclass(frozen=True)
class Judge:
    """A weight that judges.

    Attributes:
        weight: the node that holds it.
        made: what it is applied to: the output of a network that is trained through it.
    """

    weight: Node
    made: Node


def judges_by_optimizers(
    optimizers: Sequence[Optimizer], layers: Mapping[Node, Sequence[Node]], sources: Edges, readers: Edges
) -> list[Judge]:
    """Returns the judges among the weights that optimizers change.

    Args:
        optimizers: all of the graph.
        layers: weight -> the layers that apply it.
        sources: node -> what it reads.
        readers: node -> what reads it.
    """
    found: dict[tuple[int, int], list[Judge]] = {}
    for number, one in enumerate(optimizers):
        trained = spread((weight for weight in layers if weight.name in one.updates), readers)
        for other, two in enumerate(optimizers):
            if not two.through <= one.through:
                own = {weight: items for weight, items in layers.items() if weight.name in two.updates - one.updates}
                judges = _passed(one, own, trained, sources, readers)
                found[number, other] = [] if _goes_on(one, two, layers, readers) else judges
    return [judge for (one, two), judges in found.items() if not found.get((two, one)) for judge in judges]


def _goes_on(one: Optimizer, two: Optimizer, layers: Mapping[Node, Sequence[Node]], readers: Edges) -> bool:
    """Whether layers that only one optimizer trains go on from those that only the other trains.

    So a discriminator goes on from its generator, through which its gradients pass on their way to what both train.
    """
    mine, others = (
        {
            layer
            for weight, items in layers.items()
            if weight.name in names
            for layer in items
            if layer.name in one.through
        }
        for names in (one.updates - two.updates, two.updates - one.updates)
    )
    return not mine.isdisjoint(spread(others, readers))


def _passed(
    optimizer: Optimizer,
    layers: Mapping[Node, Sequence[Node]],
    trained: Collection[Node],
    sources: Edges,
    readers: Edges,
) -> list[Judge]:
    """Returns the network that an optimizer passes through on the way from what it trains, but for what both share."""
    passed = [layer for items in layers.values() for layer in items if layer.name in optimizer.through]
    beyond = spread(passed, readers)
    made = [item for layer in passed for item in sources[layer] if item in trained and item not in beyond]
    before = spread(made, sources)
    first = next((item for item in made if not spread([item], sources).intersection(made) - {item}), None)
    return [Judge(weight, first) for weight in layers if first is not None and weight not in before]


def prepared_for(
    made: Iterable[Node], judging: Collection[Node], readers: Edges, layers: Collection[Node]
) -> set[Node]:
    """Returns what judges make of what they look at before their first layers: smaller images, say.

    Args:
        made: what they are applied to.
        judging: their layers.
        readers: node -> what reads it.
        layers: all layers, of judges and of others.
    """
    starts = set(made)
    found = {node for node in spread(starts, readers, layers) - starts if readers.get(node)}
    while others := {node for node in found if not all(item in found or item in judging for item in readers[node])}:
        found -= others
    return found


def judges_by_use(
    layers: Mapping[Node, Sequence[Node]],
    sources: Edges,
    fed: Collection[Node],
    weighted: Collection[Node],
    judged: Collection[Node],
) -> list[Judge]:
    """Returns the weights that are applied to what is fed and to what stands in its place.

    Args:
        layers: weight -> the layers that apply it.
        sources: node -> what it reads.
        fed: what depends on what is fed.
        weighted: what depends on a weight.
        judged: what a loss or an average reads.
    """
    made: dict[Node, Node] = {}
    for weight, found in layers.items():
        read = [[item for item in sources[layer] if item in fed] for layer in found if layer in judged]
        first = next((item for items in read for item in items if item in weighted), None)
        given = next((items for items in read if all(item not in weighted for item in items)), None)
        if first is not None and given is not None:
            made[weight] = _unprepared(first, given, sources, fed)
    return [Judge(weight, made[weight]) for weight in _without_cycles(made)]


def _unprepared(made: Node, given: Sequence[Node], sources: Edges, fed: Collection[Node]) -> Node:
    """Returns what was made before the same was done to it as to what is given."""
    while len(given) == 1 and made.op == given[0].op:
        before, given = ([item for item in sources.get(node, ()) if item in fed] for node in (made, given[0]))
        if len(before) != 1:
            break
        made = before[0]
    return made


def _without_cycles(made: Mapping[Node, Node]) -> Iterable[Node]:
    needed = needed_by(list(made.values()))
    rank = {weight: 1 << number for number, weight in enumerate(made)}

    def needs(weight: Node, other: Node) -> bool:
        return bool(needed.get(other, 0) & rank[weight])

    judges = [weight for weight in made if not needs(weight, weight)]
    return [one for one in judges if not any(needs(one, two) and needs(two, one) for two in judges)]
