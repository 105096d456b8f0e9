"""RandomPoisson -> RandomPoissonV2: the type of the rates was that of the answer."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor


class RandomPoissonV2(Successor):
    """Tells each RandomPoisson the type of its rates."""

    name = "random_poisson_v2"
    ops: ClassVar = {"RandomPoisson": "RandomPoissonV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one RandomPoisson."""
        del build
        node.op = "RandomPoissonV2"
        node.attrs["R"] = node.attrs["dtype"]
