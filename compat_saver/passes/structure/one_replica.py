"""Undoes the synchronization of replicas: a training with one of them applies its own gradients."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compat_saver.errors import counted
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import Message

_GRADIENT = {
    "AccumulatorApplyGradient": slice(2, 3),
    "ResourceAccumulatorApplyGradient": slice(2, 3),
    "SparseAccumulatorApplyGradient": slice(2, 5),
}
"""Op -> its inputs that are the gradient: the tensor, or indices, values and shape."""

_TAKE = tuple(op.replace("Apply", "Take") for op in _GRADIENT)
_ENQUEUE, _DEQUEUE = "QueueEnqueueManyV2", "QueueDequeueV2"


class OneReplica(Pass):
    """Connects the two halves of tf.train.SyncReplicasOptimizer, as they run with one replica.

    Each replica adds its gradients to accumulators and waits for a token. A thread of the chief takes their means,
    applies them and hands out tokens. What is taken becomes the gradient that is added; the op that waits for a token
    waits for the chief's op and for what follows it, such as moving averages; its local step is not assigned.

    An accumulator to which the graph adds in several places, and a queue of other values, stay as they are.

    Source: tensorflow/python/training/sync_replicas_optimizer.py, tensorflow/core/kernels/conditional_accumulator.h.
    """

    name = "one_replica"

    def apply(self, graph: Graph) -> Rewrite:
        """Connects what is added to what is taken, and the op of the replica to that of the chief."""
        pairs = [pair for accumulator in graph for pair in _pair(accumulator)]
        following = graph.dependents([taken for _, taken in pairs])
        for added, taken in pairs:
            for waiting in [node for node in added.control_uses if node.op == _DEQUEUE]:
                _connect(graph, waiting, following)
            for index, value in enumerate(added.inputs[_GRADIENT[added.op]]):
                taken.output(index).replace_uses(value)
            _only_wait(added)
        detail = counted(len(pairs), "accumulator of gradients", "accumulators of gradients")
        return Rewrite(self.name, len(pairs), detail)


def _pair(accumulator: Node) -> Iterator[tuple[Node, Node]]:
    """Yields (the op that adds to an accumulator, the op that takes from it), if there is one of each."""
    users = [use.node for value in accumulator.used_outputs for use in value.uses if use.position == 0]
    added = [node for node in users if node.op in _GRADIENT]
    taken = [node for node in users if node.op in _TAKE]
    if len(added) == len(taken) == 1:
        yield added[0], taken[0]


def _connect(graph: Graph, waiting: Node, following: Collection[Node]) -> None:
    """Lets the op that waits for a token wait for the op that hands it out, and for what follows that."""
    for enqueue in [use.node for use in waiting.inputs[0].uses if use.node in following]:
        if enqueue.op == _ENQUEUE and (tokens := enqueue.inputs[1].node).op == "Fill":
            _forward(waiting, tokens.inputs[1], tokens.attrs["T"])
            for node in (tokens, *graph.dependents([enqueue])):
                waiting.add_control_input(node)
            for assign in [use.node for use in waiting.output().uses if use.node.op == "Assign"]:
                _forward(assign, waiting.output(), tokens.attrs["T"])
            _only_wait(enqueue)


def _forward(node: Node, value: Value, of_type: Message) -> None:
    node.op, node.attrs = "Identity", {"T": of_type}
    node.set_inputs([value])


def _only_wait(node: Node) -> None:
    """Makes a node do nothing but wait for what it waited for."""
    node.op, node.attrs = "NoOp", {}
    node.set_inputs(())
