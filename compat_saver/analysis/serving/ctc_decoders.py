"""Finds the decoders of networks that were trained with CTC: the sequences that they find are the output, with scores.

A program often has the decoder for its rate of errors alone, and reads the sparse tensor of sequences outside of the
graph. So served are the sequences, dense where the program makes them so, how likely they are, and the logits, of which
another decoder can make more. Source: ctc_beam_search_decoder and ctc_greedy_decoder in python/ops/ctc_ops.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from compat_saver.analysis.serving.parts import Forward
from compat_saver.analysis.walk import needed_from, spread
from compat_saver.graph.ir import Graph, Node, Value

_DECODERS = ("CTCGreedyDecoder", "CTCBeamSearchDecoder")
_DENSE = "SparseToDense"


@dataclass(frozen=True)
class Decoder:
    """A decoder.

    Attributes:
        node: its op.
        dense: the node that makes its sequences a dense tensor, if there is one.
        after: all that is computed from its sequences.
        before: all that it depends on.
    """

    node: Node
    dense: Node | None
    after: Collection[Node]
    before: Collection[Node]

    @property
    def logits(self) -> Value:
        """What it decodes."""
        return self.node.inputs[0]

    @property
    def scores(self) -> Value:
        """How likely its sequences are: its last output."""
        return self.node.output(_paths(self.node) * 3)

    @property
    def sequences(self) -> list[Value]:
        """The parts of its sparse tensors: the indices of all paths, then their values, then their shapes."""
        return [self.node.output(number) for number in range(_paths(self.node) * 3)]


def decoders(graph: Graph, forward: Forward) -> Iterator[Decoder]:
    """Yields the decoders of what is computed from what is fed, in the graph's order.

    Args:
        graph: the whole graph.
        forward: its parts.
    """
    for node in graph:
        if node.op in _DECODERS and node in forward.fed and node.inputs:
            after = spread([node], forward.readers)
            dense = (item for item in after if item.op == _DENSE and item not in forward.loss)
            yield Decoder(node, next(dense, None), after - {node}, needed_from([node.output()]))


def _paths(decoder: Node) -> int:
    return decoder.attr.int("top_paths", 1)
