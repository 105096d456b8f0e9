"""StatefulStandardNormal -> a stateless draw and the step of its state: deprecated at GraphDef version 29.

Source: tensorflow/core/kernels/stateful_random_ops.cc. The state is a variable of four int64: the algorithm, a counter
of 128 bits with its lower half first, and the key. The op draws with what it finds and puts 256 numbers aside for each
drawn. StatefulStandardNormalV2 wants a variable without the algorithm, so it cannot take this one; what it would do is
written out. A carry into the counter's upper half, after 2**64 numbers, is not.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_FLOAT, _INT32, _INT64, _UINT64 = (type_attr(number) for number in (1, 3, 9, 23))
_ALGORITHM, _COUNTER, _KEY = (0, 1), (1, 2), (3, 1)  # where each begins in the state, and its length
_SET_ASIDE = 256


class StatefulStandardNormal(Successor):
    """Rewrites each StatefulStandardNormal."""

    name = "stateful_standard_normal"
    ops: ClassVar = {"StatefulStandardNormal": "StatelessRandomNormalV2, AssignVariableOp"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        handle, shape = node.inputs
        dtype, shape_dtype = node.attrs.get("dtype", _FLOAT), node.attrs.get("shape_dtype", _INT64)
        state = build("ReadVariableOp", handle, dtype=_INT64)
        key, counter = (
            build("Bitcast", _part(build, state, *where), T=_INT64, type=_UINT64) for where in (_KEY, _COUNTER)
        )
        scalar = build("Reshape", _part(build, state, *_ALGORITHM), _vector(build), T=_INT64, Tshape=_INT32)
        algorithm = build("Cast", scalar, SrcT=_INT64, DstT=_INT32)
        drawn = build("StatelessRandomNormalV2", shape, key, counter, algorithm, dtype=dtype, Tshape=shape_dtype)
        sizes = build("Cast", shape, SrcT=shape_dtype, DstT=_INT64)
        count = build("Prod", sizes, build.constant(0, "int32"), T=_INT64, Tidx=_INT32, keep_dims=False)
        skipped = build("Mul", count, build.constant([0, _SET_ASIDE, 0, 0], "int64"), T=_INT64)
        stepped = build("AddV2", state, skipped, T=_INT64)
        assigned = build("AssignVariableOp", handle, stepped, dtype=_INT64)
        answer = build("Identity", drawn, T=dtype)
        answer.node.add_control_input(assigned.node)
        build.replace(answer)


def _part(build: Build, state: Value, begin: int, size: int) -> Value:
    return build("Slice", state, _vector(build, begin), _vector(build, size), T=_INT64, Index=_INT32)


def _vector(build: Build, *numbers: int) -> Value:
    return build.constant(list(numbers), "int32")
