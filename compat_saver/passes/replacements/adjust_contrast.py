"""AdjustContrast -> AdjustContrastv2: the old op converted to float32 and clipped by itself.

Source: tensorflow/core/kernels/image/adjust_contrast_op.cc. Each channel is scaled about its mean over height and
width, in float32, then clipped to [min_value, max_value].
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_FLOAT = type_attr(1)


class AdjustContrastV2(Successor):
    """Rewrites each AdjustContrast as Cast, AdjustContrastv2, Maximum and Minimum."""

    name = "adjust_contrast_v2"
    ops: ClassVar = {"AdjustContrast": "AdjustContrastv2, Maximum, Minimum"}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one AdjustContrast."""
        images, factor, lowest, highest = node.inputs
        if node.attr.type("T") != _FLOAT.type:
            images = build("Cast", images, SrcT=node.attrs["T"], DstT=_FLOAT)
        adjusted = build("AdjustContrastv2", images, factor, T=_FLOAT)
        build.replace(build("Minimum", build("Maximum", adjusted, lowest, T=_FLOAT), highest, T=_FLOAT))
