"""Finds what is drawn at random from what a model computed: sampled actions, latent codes, noise on an output.

Such a value is served only where there is no other. What is drawn before the first layer (noise that a generator starts
from, random augmentation) is no such chance, for everything depends on it; nor is a dropout, which is turned off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from compat_saver.analysis.serving.dropouts import find_dropouts
from compat_saver.analysis.walk import spread
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_sets import RANDOM_OP

Edges = Mapping[Node, Sequence[Node]]


def drawn_nodes(graph: Graph, sources: Edges, readers: Edges, computed: Collection[Node]) -> set[Node]:
    """Returns what depends on chance that meets what was computed.

    Args:
        graph: the whole graph.
        sources: node -> what it reads.
        readers: node -> what reads it.
        computed: what depends on weights and on what is fed.
    """
    masks = {item.mask for item in find_dropouts(graph)}
    draws = [node for node in graph if RANDOM_OP.search(node.op)]
    pure = spread((node for node in draws if node not in computed), readers, masks | set(computed))
    return spread(_meetings(draws, pure, sources, readers, computed), readers, masks)


def _meetings(
    draws: Collection[Node], pure: Collection[Node], sources: Edges, readers: Edges, computed: Collection[Node]
) -> Iterator[Node]:
    yield from (node for node in draws if any(item in computed for item in sources.get(node, ())))
    for node in pure:
        for reader in readers.get(node, ()):
            if any(item in computed and item not in pure for item in sources[reader]):
                yield reader
