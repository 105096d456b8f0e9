"""RandomCrop -> two random numbers and a Slice: deprecated at GraphDef version 8.

Source: tensorflow/core/kernels/random_crop_op.cc. The image is [height, width, channels], the size [height, width].
The op draws 32 bits for its place along x, then 32 bits for that along y, each only if there is more than one place,
and takes the remainder of their division by the number of places. RandomUniformInt does the same with its bits. So two
of them, with the seeds of the old op, cut the first crop of a session where the old op did. After that the streams
part, for RandomUniformInt puts more numbers aside.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_INT32, _INT64 = type_attr(3), type_attr(9)


class RandomCrop(Successor):
    """Rewrites each RandomCrop."""

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
        begin = build("Pack", top, left, zero, N=3, T=_INT32, axis=0)
        extent = build("ConcatV2", size, build.constant([-1], "int32"), zero, N=2, T=_INT32, Tidx=_INT32)
        build.replace(build("Slice", image, begin, extent, T=node.attrs["T"], Index=_INT32))


def _entry(build: Build, vector: Value, index: Value) -> Value:
    return build("Gather", vector, index, Tparams=_INT32, Tindices=_INT32)


def _draw(node: Node, build: Build, room: Value) -> Value:
    """Draws two numbers from 0 to `room`, which is what the image has more than the crop along an axis."""
    first, step = build.constant(0, "int32"), build.constant(1, "int32")
    places = build("Add", room, step, T=_INT32)
    seeds = {name: node.attr.int(name) for name in ("seed", "seed2")}
    return build("RandomUniformInt", build.constant([2], "int32"), first, places, T=_INT32, Tout=_INT32, **seeds)
