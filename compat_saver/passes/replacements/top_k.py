"""TopK -> TopKV2: `k` was an attribute and is an input."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor


class TopKV2(Successor):
    """Gives each TopK its k as a constant input."""

    name = "top_k_v2"
    ops: ClassVar = {"TopK": "TopKV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one TopK."""
        node.set_inputs([*node.inputs, build.constant(node.attr.int("k"), "int32")])
        node.op = "TopKV2"
        del node.attrs["k"]
