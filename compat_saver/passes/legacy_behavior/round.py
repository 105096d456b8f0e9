"""Round of whole numbers: the numbers themselves, in every release of TensorFlow 1; 2.21 answers zeros.

Source: tensorflow/core/kernels/cwise_op_round.cc registers it for integers in both.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_WHOLE = (3, 4, 5, 6, 9, 17, 22, 23)  # int32, uint8, int16, int8, int64, uint16, uint32, uint64


class RoundIntegers(Successor):
    """Hands whole numbers on; whatever release wrote the graph, for none meant zeros."""

    name = "round_integers"
    ops: ClassVar = {"Round": "Identity"}

    def applies_to(self, node: Node) -> bool:
        """Whether it rounds whole numbers."""
        return node.attr.type("T") in _WHOLE

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.op = "Identity"
