"""Ops that change a variable: ResourceCountUpTo, ScatterAddNdim, TemporaryVariable, ZeroInitializer."""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape, type_attr, types_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import VARIABLE_OPS
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import Message

_INT32 = type_attr(dtypes.by_name("int32").number)


_STRING = dtypes.by_name("string").number


class CountUpTo(OpReplacement):
    """Rewrites each ResourceCountUpTo; those on references have become such before.

    ResourceCountUpTo -> a read, a comparison and an addition.

    TensorFlow does not load a SavedModel with a ResourceCountUpTo: its shape function needs the variable's
    shape before the loader knows it. The outputs are the same; at the limit the error is an InvalidArgumentError and no
    longer an OutOfRangeError. Source: tensorflow/core/kernels/count_up_to_op.cc.
    """

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
        output = build("Identity", before, T=dtype)
        output.node.add_control_input(add.node)
        build.replace(output)


_TYPES = {name: type_attr(dtypes.by_name(dtype).number) for name, dtype in (("T", "float32"), ("Tindices", "int32"))}


class ScatterAddNdim(OpReplacement):
    """Gives each such op its successor's name and types.

    ScatterAddNdim -> ScatterNdAdd: what tf.contrib.tensor_forest had before core could add at indices of any depth.

    Source: tensorflow/contrib/tensor_forest/kernels/scatter_add_ndim_op.cc. The old op accepted only float32 and int32
    and returned nothing; what waited for it waits for its successor.
    """

    name = "scatter_nd_add"
    ops: ClassVar = {"ScatterAddNdim": "ScatterNdAdd"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.op = "ScatterNdAdd"
        node.attrs |= _TYPES


_MAKE, _DESTROY = "TemporaryVariable", "DestroyTemporaryVariable"


class TemporaryVariable(OpReplacement):
    """Adds the terms in one op; a temporary variable that is used in another way is left unchanged.

    TemporaryVariable, added to and destroyed -> AddN: how tf.accumulate_n was expressed until TensorFlow 1.4.

    A temporary variable exists for one step only and has no resource form. accumulate_n fills one with zeros, adds
    every term to it, and takes its last value as the output once all have been added:

        sum = TemporaryVariable
        start = Assign(sum, zeros)
        add_1, add_2, ... = AssignAdd(start, term)
        output = DestroyTemporaryVariable(start, ^add_1, ^add_2, ...)

    Source: accumulate_n in tensorflow/python/ops/math_ops.py, tensorflow/core/kernels/control_flow_ops.cc.
    """

    name = "temporary_sums"
    ops: ClassVar = dict.fromkeys((_MAKE, _DESTROY), "AddN")
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Whether a node starts or ends such a sum."""
        if node.op == _DESTROY:
            return _terms(node) is not None
        return any(_terms(end) for end in _destroying(node))

    def rewrite(self, node: Node, build: Build) -> None:
        """Replaces the last op by one AddN; nothing needs the other ops afterwards."""
        terms = _terms(node) if node.op == _DESTROY else None
        if terms is None:
            return
        for add in node.control_inputs:
            if add.op == "AssignAdd" and add.inputs[0] is node.inputs[0]:
                node.remove_control_input(add)
        build.replace(build("AddN", *terms, T=node.attrs["T"], N=len(terms)))


def _destroying(variable: Node) -> list[Node]:
    starts = [use.node for use in variable.output().uses if use.node.op == "Assign"]
    return [use.node for start in starts for use in start.output().uses if use.node.op == _DESTROY]


def _terms(node: Node) -> list[Value] | None:
    """Returns what such a sum adds up, or None if the temporary variable is used in another way."""
    start = node.inputs[0].node
    if start.op != "Assign" or start.inputs[0].node.op != _MAKE:
        return None
    users = dict.fromkeys(use.node for use in start.output().uses if use.node is not node)
    if len(start.inputs[0].uses) > 1 or any(user.op != "AssignAdd" or _is_read(user) for user in users):
        return None
    if not users or not users.keys() <= set(node.control_inputs):  # one may come too late to count
        return None
    first = start.inputs[1]
    return [*([] if first.node.op == "ZerosLike" else [first]), *(user.inputs[1] for user in users)]


def _is_read(node: Node) -> bool:
    return any(value.uses for value in node.used_outputs)


class ZeroInitializer(OpReplacement):
    """Rewrites each such op whose variable has a shape that is known.

    ZeroInitializer, ZeroVarInitializer -> an assignment of zeros.

    Source: tensorflow/contrib/framework/kernels/zero_initializer_op.cc. The old ops reject a variable that has a value
    already; an assignment gives it zeros again. Two cases, by the kind of variable:

    1. ZeroInitializer takes and returns a reference. The shape is that of the variable.
    2. ZeroVarInitializer takes and returns the handle of a resource variable and knows the shape. An assignment returns
       nothing, so what used the handle takes it from the variable, after the assignment.
    """

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
    """Returns the shape of the variable that a node sets; None if it is not recorded."""
    if node.op == "ZeroVarInitializer":
        return node.attr.shape("shape")
    variable = node.inputs[0].node
    return variable.attr.shape("shape") if variable.op in VARIABLE_OPS else None


def _zeros(shape: Shape, dtype: Message, build: Build) -> Value:
    zero = build.constant(0, dtypes.name_of(dtype.type))
    return build("Fill", build.constant(shape, "int32"), zero, T=dtype, index_type=_INT32)
