"""Ops of tensor lists get the input they have had since 1.13 or so: a limit, or the shape of the elements.

Each of them came to take one more int32 tensor, and -1 means what the op did before: for EmptyTensorList that the list
may grow without limit, for the others that the shape is that of the elements found.

Source: tensorflow/core/ops/list_ops.cc.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_OPS = ("EmptyTensorList", "TensorListGather", "TensorListGetItem", "TensorListPopBack", "TensorListStack")


class TensorListInputs(Successor):
    """Gives each op of the old signature the input it lacks."""

    name = "tensor_list_inputs"
    ops: ClassVar = {
        op: "EmptyTensorList with max_num_elements" if op == "EmptyTensorList" else f"{op} with element_shape"
        for op in _OPS
    }
    lacking = (1,)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        node.set_inputs([*node.inputs, build.constant(-1, "int32")])
