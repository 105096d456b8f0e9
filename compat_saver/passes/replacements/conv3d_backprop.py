"""Conv3DBackpropInput, Conv3DBackpropFilter -> V2: they took a whole tensor where only its shape counts.

A transposed 3-D convolution is a Conv3DBackpropInput, so these are not of training alone.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_SIZED_INPUT = {"Conv3DBackpropInput": 0, "Conv3DBackpropFilter": 1}
_INT32 = type_attr(3)


class Conv3DBackpropV2(Successor):
    """Gives each such op the shape of the tensor it took."""

    name = "conv3d_backprop_v2"
    ops: ClassVar = {op: f"{op}V2" for op in _SIZED_INPUT}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        index = _SIZED_INPUT[node.op]
        node.replace_input(index, build("Shape", node.inputs[index], T=node.attrs["T"], out_type=_INT32))
        node.op += "V2"
