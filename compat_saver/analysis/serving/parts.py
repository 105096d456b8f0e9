"""The parts of a graph, as `forward` tells them from each other, and the ops that make or read off outputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from compat_saver.graph.ir import Node, Value

HEAD_OPS = frozenset({"Softmax", "LogSoftmax", "Sigmoid", "ArgMax"})
"""What makes an output of logits."""
READ_OFF_OPS = HEAD_OPS | {
    "Identity",
    "Reshape",
    "Squeeze",
    "Cast",
    "Greater",
    "GreaterEqual",
    "Round",
    "TopKV2",
    "OneHot",
}
"""What only reads an output off: the model does not go on from it."""
NO_OUTPUT_OP = re.compile(
    r"ShapeN?|Size|Rank|Const|Fill|Range|\w*Random\w*|TruncatedNormal|Multinomial|(Zeros|Ones)Like"
    r"|(Ref)?Switch|CTC\w+Decoder|LoopCond|Enter|TensorArray(V\d)?"
)
"""Ops whose values are no output of a model."""


@dataclass(frozen=True)
class Forward:
    """The parts of a graph, as sets of nodes.

    Attributes:
        weights: what was learned.
        fed: what depends on what is fed.
        weighted: what depends on a weight.
        before_layers: what a later layer reads.
        labelled: what depends on a label.
        loss: all that serves training: see the module.
        whole_batch: what has one value for the whole batch.
        passing: what passes to the loss.
        compared: what a part of the loss reads, or what passes to it, and is none itself.
        given_labels: what depends on something that is fed to layers and to a loss op as its labels.
        through_logarithms: what is computed from a logarithm after the last layers.
        carried_on: what the model goes on from: others do more than to compare it or to read an output off.
        drawn: what is drawn at random from what the model computed.
        judged: what judges look at, where a layer goes on from it as well, as in a cycle.
        feeds: what is fed, but for labels.
        latents: the noise that networks start from, as if it were fed.
        layers: weight -> the layers that apply it.
        pieces: what a batch that is fed was cut into, for towers.
        chains: the weights that are scores of transitions between tags.
        through: the names of the nodes that gradients were taken through.
        sloped: those of them that gradients were taken through for no optimizer.
        rearranged: what is only rearranged until the graph ends with a node that the program named.
        readers: node -> the nodes to which it carries data.
    """

    weights: tuple[Node, ...]
    fed: Collection[Node]
    weighted: Collection[Node]
    before_layers: Collection[Node]
    labelled: Collection[Node]
    loss: Collection[Node]
    whole_batch: Collection[Node]
    passing: Collection[Node]
    compared: Collection[Node]
    given_labels: Collection[Node]
    through_logarithms: Collection[Node]
    carried_on: Collection[Node]
    drawn: Collection[Node]
    judged: Collection[Node]
    feeds: Collection[Node]
    latents: Collection[Value]
    layers: Mapping[Node, list[Node]]
    chains: Collection[Node]
    pieces: Collection[Value]
    through: Collection[str]
    sloped: Collection[str]
    rearranged: Collection[Node]
    readers: Mapping[Node, list[Node]]

    def is_output(self, node: Node) -> bool:
        """Whether a node may be an output beside others: an end, or what a judge looks at."""
        is_last = self.is_end(node) and self.is_last(node) and node not in self.passing
        return is_last or node in self.judged

    def is_end(self, node: Node) -> bool:
        """Whether a node comes after the last layers, depends on them, and is before the loss."""
        return node in self.weighted and node not in self.before_layers and node not in self.loss

    def is_last(self, node: Node) -> bool:
        """Whether the model does not go on from a node: others only compare it or read an output off."""
        return node not in self.carried_on

    def is_drawn_from(self, node: Node) -> bool:
        """Whether what is drawn at random depends on a node, which does not: a mean, a width, logits."""
        return node not in self.drawn and any(reader in self.drawn for reader in self.readers.get(node, ()))
