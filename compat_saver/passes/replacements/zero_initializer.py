"""ZeroInitializer, ZeroVarInitializer -> an assignment of zeros.

Source: tensorflow/contrib/framework/kernels/zero_initializer_op.cc. The old ops refuse a variable that has a value
already; an assignment gives it zeros again. Two cases, by the kind of variable:

1. ZeroInitializer takes and returns a reference. The shape is that of the variable.
2. ZeroVarInitializer takes and returns the handle of a resource variable and knows the shape. An assignment returns
   nothing, so what used the handle takes it from the variable, after the assignment.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape, type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import VARIABLE_OPS
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor
from compat_saver.proto.messages import Message

_INT32 = type_attr(dtypes.by_name("int32").number)


class AssignZeros(Successor):
    """Rewrites each such op whose variable has a shape that is known."""

    name = "assign_zeros"
    ops: ClassVar = {"ZeroInitializer": "Assign of zeros", "ZeroVarInitializer": "AssignVariableOp of zeros"}

    def applies_to(self, node: Node) -> bool:
        """Rewrites where each dimension is known."""
        shape = _known_shape(node)
        return shape is not None and None not in shape

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        dtype = node.attrs["T" if node.op == "ZeroInitializer" else "dtype"]
        (variable,) = node.inputs
        zeros = _zeros(_known_shape(node), dtype, build)
        if node.op == "ZeroInitializer":  # case 1
            build.replace(build("Assign", variable, zeros, T=dtype, validate_shape=True, use_locking=True))
            return
        assignment = build("AssignVariableOp", variable, zeros, dtype=dtype).node  # case 2
        for use in node.output().uses:
            use.node.add_control_input(assignment)
        node.output().replace_uses(variable)
        build.replace(assignment.output())


def _known_shape(node: Node) -> Shape:
    """Returns the shape of the variable that a node sets; None if it says nothing of it."""
    if node.op == "ZeroVarInitializer":
        return node.attr.shape("shape")
    variable = node.inputs[0].node
    return variable.attr.shape("shape") if variable.op in VARIABLE_OPS else None


def _zeros(shape: Shape, dtype: Message, build: Build) -> Value:
    zero = build.constant(0, dtypes.name_of(dtype.type))
    return build("Fill", build.constant(shape, "int32"), zero, T=dtype, index_type=_INT32)
