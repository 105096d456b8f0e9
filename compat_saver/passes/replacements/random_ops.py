"""Ops that draw random numbers: RandomCrop, RandomPoisson, StatefulStandardNormal."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_FLOAT, _INT32, _INT64, _UINT64 = (type_attr(number) for number in (1, 3, 9, 23))


class RandomCrop(OpReplacement):
    """Rewrites each RandomCrop.

    RandomCrop -> two random numbers and a Slice: deprecated at GraphDef version 8.

    Source: tensorflow/core/kernels/random_crop_op.cc. The image is [height, width, channels], the size [height, width].
    The op draws 32 bits for its place along x, then 32 bits for that along y, each only if there is more than one
    place, and takes the remainder of their division by the number of places. RandomUniformInt does the same with its
    bits. So two of them, with the seeds of the old op, cut the first crop of a session where the old op did. After that
    the streams diverge, because RandomUniformInt reserves more numbers.
    """

    name = "random_crop"
    ops: ClassVar = {"RandomCrop": "RandomUniformInt, Slice"}
    agreement = "the first crop of a seeded op is the same, all later ones are drawn anew"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one RandomCrop."""
        image, size = node.inputs
        zero, one = build.constant(0, "int32"), build.constant(1, "int32")
        size = build("Cast", size, SrcT=_INT64, DstT=_INT32)
        shape = build("Shape", image, T=node.attrs["T"], out_type=_INT32)
        area = build("Slice", shape, build.constant([0], "int32"), build.constant([2], "int32"), T=_INT32, Index=_INT32)
        room = build("Sub", area, size, T=_INT32)
        down, across = _entry(build, room, zero), _entry(build, room, one)
        left = _entry(build, _draw(node, build, across), zero)
        # The second number drawn, or the first if none was needed for x.
        top = _entry(build, _draw(node, build, down), build("Minimum", across, one, T=_INT32))
        start = build("Pack", top, left, zero, N=3, T=_INT32, axis=0)
        extent = build("ConcatV2", size, build.constant([-1], "int32"), zero, N=2, T=_INT32, Tidx=_INT32)
        build.replace(build("Slice", image, start, extent, T=node.attrs["T"], Index=_INT32))


def _entry(build: Build, vector: Value, index: Value) -> Value:
    return build("Gather", vector, index, Tparams=_INT32, Tindices=_INT32)


def _draw(node: Node, build: Build, room: Value) -> Value:
    """Draws two numbers from 0 to `room`, which is what the image has more than the crop along an axis."""
    first, step = build.constant(0, "int32"), build.constant(1, "int32")
    places = build("Add", room, step, T=_INT32)
    seeds = {name: node.attr.int(name) for name in ("seed", "seed2")}
    return build("RandomUniformInt", build.constant([2], "int32"), first, places, T=_INT32, Tout=_INT32, **seeds)


class RandomPoisson(OpReplacement):
    """Gives each RandomPoisson the type of its rates as an attribute.

    RandomPoisson -> RandomPoissonV2: the type of the rates was that of the output.
    """

    name = "random_poisson_v2"
    ops: ClassVar = {"RandomPoisson": "RandomPoissonV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one RandomPoisson."""
        del build
        node.op = "RandomPoissonV2"
        node.attrs["R"] = node.attrs["dtype"]


_ALGORITHM, _COUNTER, _KEY = (0, 1), (1, 2), (3, 1)  # where each starts in the state, and its length
_RESERVED = 256


class StatefulStandardNormal(OpReplacement):
    """Rewrites each StatefulStandardNormal.

    StatefulStandardNormal -> a stateless draw and the step of its state: deprecated at GraphDef version 29.

    Source: tensorflow/core/kernels/stateful_random_ops.cc. The state is a variable of four int64: the algorithm, a
    counter of 128 bits with its lower half first, and the key. The op draws from the state and reserves 256 numbers
    for each drawn. StatefulStandardNormalV2 needs a variable without the algorithm, so it cannot take this one;
    what it would do is written out. A carry into the counter's upper half, after 2**64 numbers, is not.
    """

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
        skipped = build("Mul", count, build.constant([0, _RESERVED, 0, 0], "int64"), T=_INT64)
        stepped = build("AddV2", state, skipped, T=_INT64)
        assigned = build("AssignVariableOp", handle, stepped, dtype=_INT64)
        output = build("Identity", drawn, T=dtype)
        output.node.add_control_input(assigned.node)
        build.replace(output)


def _part(build: Build, state: Value, start: int, size: int) -> Value:
    return build("Slice", state, _vector(build, start), _vector(build, size), T=_INT64, Index=_INT32)


def _vector(build: Build, *numbers: int) -> Value:
    return build.constant(list(numbers), "int32")
