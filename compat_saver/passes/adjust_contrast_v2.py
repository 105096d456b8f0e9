"""AdjustContrast -> AdjustContrastv2: the old op converted to float32 and clipped by itself.

Source: tensorflow/core/kernels/image/adjust_contrast_op.cc. Each channel is scaled about its mean over height and
width, in float32, then clipped to [min_value, max_value].
"""

from __future__ import annotations

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build

_FLOAT = type_attr(1)


class AdjustContrastV2(Pass):
    """Rewrites each AdjustContrast as Cast, AdjustContrastv2, Maximum and Minimum."""

    name = "adjust_contrast_v2"

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every AdjustContrast."""
        found = [node for node in graph if node.op == "AdjustContrast"]
        for node in found:
            _rewrite(graph, node)
        return Rewrite(self.name, len(found), f"{len(found):,} ops")


def _rewrite(graph: Graph, node: Node) -> None:
    build = Build(graph, node)
    images, factor, lowest, highest = node.inputs
    if node.attr.type("T") != _FLOAT.type:
        images = build("Cast", images, SrcT=node.attrs["T"], DstT=_FLOAT)
    adjusted = build("AdjustContrastv2", images, factor, T=_FLOAT)
    build.replace(build("Minimum", build("Maximum", adjusted, lowest, T=_FLOAT), highest, T=_FLOAT))
