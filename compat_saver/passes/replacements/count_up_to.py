"""ResourceCountUpTo -> a read, a comparison and an addition.

TensorFlow does not load a SavedModel with a ResourceCountUpTo: its shape function wants to know the variable's shape
before the loader knows it. The answers are the same; at the limit the error is an InvalidArgumentError and no longer
an OutOfRangeError. Source: tensorflow/core/kernels/count_up_to_op.cc.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import types_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_STRING = dtypes.by_name("string").number


class CountWithCore(Successor):
    """Rewrites each ResourceCountUpTo; those on references have become such before."""

    name = "count_with_core"
    ops: ClassVar = {"ResourceCountUpTo": "AssignAddVariableOp"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Reads the variable, makes sure that it is below the limit, and adds one."""
        variable, dtype = node.inputs[0], node.attrs["T"]
        before = build("ReadVariableOp", variable, dtype=dtype)
        limit = build.constant(node.attr.int("limit"), dtypes.name_of(dtype.type))
        below = build("Less", before, limit, T=dtype)
        reached = build.constant(f"Reached the limit of {node.attr.int('limit')}.", "string")
        check = build("Assert", below, reached, T=types_attr([_STRING]))
        one = build.constant(1, dtypes.name_of(dtype.type))
        add = build("AssignAddVariableOp", variable, one, dtype=dtype)
        add.node.add_control_input(check.node)
        add.node.add_control_input(before.node)
        answer = build("Identity", before, T=dtype)
        answer.node.add_control_input(add.node)
        build.replace(answer)
