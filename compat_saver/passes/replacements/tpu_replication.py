"""TPUReplicateMetadata and its like -> nothing: what tpu.rewrite and a TPUEstimator wrap around a model.

They mark where a computation on TPUs begins and ends; on a TPU TensorFlow puts one op in the place of all between them,
elsewhere they have no kernel. With one replica what goes in at the beginning is what the computation reads. With more,
each replica reads another input and computes another output, and the graph holds their computation once; those stay.
Source: tensorflow/python/tpu/tpu.py.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_REPLICAS = {"TPUReplicateMetadata": "num_replicas", "TPUReplicatedInput": "N", "TPUReplicatedOutput": "num_replicas"}


class TPUReplication(Successor):
    """Hands on what goes in and out of a computation of one replica."""

    name = "tpu_replication"
    ops: ClassVar = {op: "NoOp" if op == "TPUReplicateMetadata" else "Identity" for op in _REPLICAS}

    def applies_to(self, node: Node) -> bool:
        """Whether there is one replica."""
        return node.attr.int(_REPLICAS[node.op]) == 1

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.attrs = {key: value for key, value in node.attrs.items() if key == "T" and node.inputs}
        node.op = self.ops[node.op]
