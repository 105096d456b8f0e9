"""GatherTree -> core ops: it turns the steps of a beam search into whole sequences.

Source: tensorflow/contrib/seq2seq/kernels/beam_search_ops.cc, of 1.4 and of 1.15; 1.5 is measured to do as 1.15. For
each beam it starts at the last step and follows `parent_ids` up to the first step, taking the `step_ids` on its way:

    beams[last, b, k] = step_ids[last, b, k],     parent = parent_ids[last, b, k]
    beams[t, b, k] = step_ids[t, b, parent],      parent = parent_ids[t, b, parent]     for t = last - 1, ..., 0

Two cases, by how the op is called:

1. Up to 1.4 with `sequence_length`, [batch, beam]: each beam has a last step of its own; what comes after it is -1.
2. Since 1.5, and in TensorFlow Addons, with `max_sequence_lengths`, [batch], and `end_token`: all beams of an example
   have the same last step; what comes after it, or after the first end token, is the end token.

All beams are followed at once, and a loop of log2(steps) rounds does for any number of steps: each (step, batch, beam)
is a point that points at its parent, and in every round all pointers come to reach twice as far. A missing parent is
a point behind the last one: reaching it is an error, as in the old op.
"""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr, types_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT32, _BOOL = dtypes.by_name("int32").number, dtypes.by_name("bool").number
_TYPE = type_attr(_INT32)

_ARGUMENTS = """
    distance = _Arg[T=int32, index=0]
    point = _Arg[T=int32, index=1]
    pointers = _Arg[T=int32, index=2]
"""
_ANY_LEFT = f"""{_ARGUMENTS}
    zero = Const[dtype=int32, value=int32[](0)]
    left = Greater[T=int32](distance, zero)
    axes = Const[dtype=int32, value=int32[3](0, 1, 2)]
    any_left = Any[Tidx=int32, keep_dims=false](left, axes)
    go_on = _Retval[T=bool, index=0](any_left)
"""
_JUMP = f"""{_ARGUMENTS}
    one = Const[dtype=int32, value=int32[](1)]
    two = Const[dtype=int32, value=int32[](2)]
    last_bit = FloorMod[T=int32](distance, two)
    odd = Equal[T=int32](last_bit, one)
    there = Gather[Tparams=int32, Tindices=int32](pointers, point)
    moved = SelectV2[T=int32](odd, there, point)
    halved = FloorDiv[T=int32](distance, two)
    doubled = Gather[Tparams=int32, Tindices=int32](pointers, pointers)
    next_distance = _Retval[T=int32, index=0](halved)
    next_point = _Retval[T=int32, index=1](moved)
    next_pointers = _Retval[T=int32, index=2](doubled)
"""


class GatherTree(OpReplacement):
    """Rewrites each GatherTree; it knew no other type than int32."""

    name = "gather_tree"
    ops: ClassVar = dict.fromkeys(("GatherTree", "Addons>GatherTree"), "StatelessWhile, Gather and others")
    lacking = (0, 1)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one GatherTree."""
        _GatherTreeRewriter(node, build).rewrite()


class _GatherTreeRewriter:
    """The tensors that several steps of the rewrite need; all are int32."""

    def __init__(self, node: Node, build: Build) -> None:
        self.step_ids, self.parent_ids, self.lengths, *self.end_token = node.inputs
        self.build = build
        self.op = functools.partial(build, T=_TYPE)
        self.zero, self.one = build.constant(0, "int32"), build.constant(1, "int32")
        self.shape = self.op("Shape", self.step_ids, out_type=_TYPE)
        self.steps, batch, self.width = (self.op("Unpack", self.shape, num=3, axis=0).node.output(i) for i in range(3))
        self.points_per_step = self.op("Mul", batch, self.width)
        self.points = self.op("Mul", self.steps, self.points_per_step)
        self.point = self.reshape(self.up_to(self.points), self.shape)

    def rewrite(self) -> None:
        """Builds the output and replaces the op by it."""
        lengths = self.lengths if not self.end_token else self.op("ExpandDims", self.lengths, self.one, Tdim=_TYPE)
        last = self.op("Sub", self.op("Minimum", lengths, self.steps), self.one)
        step = self.reshape(self.up_to(self.steps), self.build.constant([-1, 1, 1], "int32"))
        left = self.op("Sub", last, step)
        filler = self.end_token[0] if self.end_token else self.build.constant(-1, "int32")
        before_end = self.op("GreaterEqual", left, self.zero)
        beams = self.op("SelectV2", before_end, self.followed(self.op("Maximum", left, self.zero)), filler)
        if self.end_token:  # case 2
            beams = self.op("SelectV2", self.after_first(beams, filler), filler, beams)
        self.build.replace(beams)

    def followed(self, distance: Value) -> Value:
        """Returns the step_ids at the point that is reached from each beam's point `distance` steps further down."""
        start = self.op("AddV2", self.point, self.op("Mul", distance, self.points_per_step))
        loop = self.build(
            "StatelessWhile",
            distance,
            start,
            self.pointers(),
            T=types_attr([_INT32] * 3),
            cond=self.build.function("compat_saver_any_left", _ANY_LEFT),
            body=self.build.function("compat_saver_jump", _JUMP),
        )
        return self.gather(self.flat(self.step_ids), loop.node.output(1))

    def pointers(self) -> Value:
        """Returns the number of each point's parent, and behind them that of the point that stands for none."""
        first_of_step = self.op("Sub", self.point, self.up_to(self.width))
        parent = self.op("AddV2", self.op("Sub", first_of_step, self.points_per_step), self.parent_ids)
        is_beam = self.build(
            "LogicalAnd",
            self.op("GreaterEqual", self.parent_ids, self.zero),
            self.op("Less", self.parent_ids, self.width),
        )
        is_there = self.build("LogicalAnd", is_beam, self.op("GreaterEqual", parent, self.zero))
        pointers = self.flat(self.op("SelectV2", is_there, parent, self.points))
        return self.op("ConcatV2", pointers, self.flat(self.points), self.zero, N=2, Tidx=_TYPE)

    def after_first(self, beams: Value, token: Value) -> Value:
        """Returns where a token occurs in an earlier step."""
        found = self.build("Cast", self.op("Equal", beams, token), SrcT=type_attr(_BOOL), DstT=_TYPE)
        count = self.op("Cumsum", found, self.zero, exclusive=True, reverse=False, Tidx=_TYPE)
        return self.op("Greater", count, self.zero)

    def up_to(self, count: Value) -> Value:
        """Returns 0, 1, ..., count - 1."""
        return self.build("Range", self.zero, count, self.one, Tidx=_TYPE)

    def reshape(self, value: Value, shape: Value) -> Value:
        """Returns a value in another shape."""
        return self.op("Reshape", value, shape, Tshape=_TYPE)

    def flat(self, value: Value) -> Value:
        """Returns a value as a vector."""
        return self.reshape(value, self.build.constant([-1], "int32"))

    def gather(self, values: Value, indices: Value) -> Value:
        """Returns the values at some indices."""
        return self.build("Gather", values, indices, Tparams=_TYPE, Tindices=_TYPE)
