"""Ops that exchange values between the workers of a training: HorovodAllreduce and its like, NcclAllReduce."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement


class OneWorker(OpReplacement):
    """Forwards what one worker gives: as the op does where there is no other.

    Horovod's ops -> Identity: the library sums, gathers or takes the root's value over all workers that run. How many
    ran is not recorded in the op; a division by their number, and a learning rate times it, are constants of the graph
    and stay.
    NcclAllReduce -> Identity, where it reduces over one device. Over several it stays unsupported.

    Source: horovod/tensorflow/mpi_ops.cc, tensorflow/core/ops/nccl_ops.cc.
    """

    name = "one_worker"
    ops: ClassVar = dict.fromkeys(
        ("HorovodAllreduce", "HorovodAllgather", "HorovodBroadcast", "NcclAllReduce"), "Identity"
    )
    agreement = "as with one worker"

    def takes(self, graph: Graph, node: Node) -> bool:
        """Whether it rewrites a node of a graph; no TensorFlow release defines the ops of Horovod."""
        del graph
        return node.op in self.ops and len(node.inputs) == 1 and self.applies_to(node)

    def applies_to(self, node: Node) -> bool:
        """Whether nothing but this node takes part."""
        return node.op != "NcclAllReduce" or node.attr.int("num_devices") == 1

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node, which keeps its name."""
        del build
        node.op, node.attrs = "Identity", {"T": node.attrs["T"]}
