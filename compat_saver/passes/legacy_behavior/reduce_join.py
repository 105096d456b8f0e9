"""ReduceJoin of TensorFlow 0.12: without axes it joined everything, row by row; since 1.0 it joins nothing.

Source: tensorflow/core/kernels/reduce_join_op.cc.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.legacy_behavior.base import Restoration

_STRING, _INT32 = type_attr(7), type_attr(3)


class ReduceJoinAll(Restoration):
    """Names the axes, the last one first."""

    name = "reduce_join_all"
    ops: ClassVar = {"ReduceJoin": "ReduceJoin over all axes"}
    until: ClassVar = {"ReduceJoin": 21}

    def applies_to(self, node: Node) -> bool:
        """Whether its axes are a constant without elements."""
        if node.inputs[1].node.op != "Const":
            return False
        axes = node.inputs[1].node.attr.tensor("value")
        return axes is not None and any(dim.size == 0 for dim in axes.tensor_shape.dim)

    def rewrite(self, node: Node, build: Build) -> None:
        """Gives one such op axes."""
        down = build.constant(-1, "int32")
        last = build("Add", build("Rank", node.inputs[0], T=_STRING), down, T=_INT32)
        node.replace_input(1, build("Range", last, down, down, Tidx=_INT32))
