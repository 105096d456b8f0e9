"""Ops that exchange values between the workers or devices of a training: HorovodAllreduce and its like, NCCL's ops."""

from __future__ import annotations

from functools import reduce
from typing import ClassVar

from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_REDUCTIONS = {"sum": "AddV2", "prod": "Mul", "min": "Minimum", "max": "Maximum"}


class OneWorker(OpReplacement):
    """Forwards what one worker gives: as the op does where there is no other.

    Horovod's ops and NcclBroadcast -> Identity: the library sums, gathers or takes the root's value over all workers
    that run. How many ran is not recorded in the op; a division by their number, and a learning rate times it, are
    constants of the graph and stay.

    Source: horovod/tensorflow/mpi_ops.cc, tensorflow/core/ops/nccl_ops.cc.
    """

    name = "one_worker"
    ops: ClassVar = dict.fromkeys(
        ("HorovodAllreduce", "HorovodAllgather", "HorovodBroadcast", "NcclBroadcast"), "Identity"
    )
    agreement = "as with one worker"

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph; no TensorFlow release defines the ops of Horovod."""
        del graph
        return node.op in self.ops and len(node.inputs) == 1

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node, which keeps its name."""
        del build
        _forward(node, node.inputs[0])


class OneProcess(OpReplacement):
    """Reduces in plain ops what the devices of one process reduce together.

    The devices that take part in one reduction have a node each, all of one shared name, in one graph: each of them
    gives the value that all their inputs have together. If nodes are missing, what they gave is not known, and the op
    stays unsupported. NcclReduce has all inputs itself.

    Source: tensorflow/core/ops/nccl_ops.cc, tensorflow/python/ops/nccl_ops.py.
    """

    name = "one_process"
    ops: ClassVar = dict.fromkeys(("NcclAllReduce", "NcclReduce"), "elementwise ops")
    agreement = "equal but for the order of the sum"

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph: all that take part are in it."""
        if node.op not in self.ops or node.attr.text("reduction") not in _REDUCTIONS:
            return False
        return node.attr.int("num_devices") == len(_taking_part(graph, node))

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node, which keeps its name."""
        values = _taking_part(build.graph, node)
        together = _group(build.graph, node)
        op, kind = _REDUCTIONS[node.attr.text("reduction")], node.attrs["T"]
        total = reduce(lambda one, two: build(op, one, two, T=kind), values)
        for item in together:
            _forward(item, total)


def _group(graph: Graph, node: Node) -> list[Node]:
    if node.op == "NcclReduce":
        return [node]
    name = node.attr.text("shared_name")
    return [item for item in graph if item.op == node.op and item.attr.text("shared_name") == name]


def _taking_part(graph: Graph, node: Node) -> list[Value]:
    return [value for item in _group(graph, node) for value in item.inputs]


def _forward(node: Node, value: Value) -> None:
    node.op, node.attrs = "Identity", {"T": node.attrs["T"]}
    node.set_inputs([value])
