"""Resampler, ResamplerGrad -> core ops: images sampled at any points, as spatial transformers do.

Source: tensorflow/contrib/resampler/kernels/resampler_ops.cc, with kernels for float16, float32 and float64. For
`data` of shape [batch, height, width, channels] and points `warp` of shape [batch, ..., 2], each an (x, y), the output
of shape [batch, ..., channels] is bilinear between the four pixels around each point. Around the images all is zero.
A point counts if -1 < x < width and -1 < y < height; any other samples zero and has no gradient.

The images get a frame of zeros, two pixels above and to the left, one below and to the right, so that there are four
pixels around each point that counts. Any other is moved to (-2, -2), where all four are of the frame: nothing of the
image, not even a NaN, gets into its output, and nothing of its gradient into the image's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT32 = type_attr(3)
_FRAME = 2
_PADDINGS = [[0, 0], [_FRAME, 1], [_FRAME, 1], [0, 0]]

_X, _Y = 0, 1
_LOW, _HIGH = 0, 1
# The sides of each pixel, along x and along y, in the order in which the old kernel adds them.
_PIXELS = (_LOW, _LOW), (_HIGH, _HIGH), (_LOW, _HIGH), (_HIGH, _LOW)


class Resampler(OpReplacement):
    """Gathers the four pixels around each point for a Resampler, and scatters to them for a ResamplerGrad."""

    name = "resampler"
    ops: ClassVar = {
        **dict.fromkeys(("Resampler", "Addons>Resampler"), "GatherNd, Mul, AddN and others"),
        **dict.fromkeys(("ResamplerGrad", "Addons>ResamplerGrad"), "GatherNd, ScatterNd, Mul and others"),
    }
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        data, warp, *grad_output = node.inputs
        sampling = _Sampling(build, node.attr.type("T"), data, warp)
        if grad_output:
            build.replace(sampling.grad_data(*grad_output), sampling.grad_warp(*grad_output))
        else:
            build.replace(sampling.output())


class _Sampling:
    """The four pixels around each point and their weights.

    `weights[side][axis]` has the shape [batch, ..., 1], `places[pixel]` the shape [batch, ..., 3], and `pixels[pixel]`
    the shape [batch, ..., channels].
    """

    def __init__(self, build: Build, dtype: int, data: Value, warp: Value) -> None:
        self.build = build
        self.dtype = type_attr(dtype)
        self.op = functools.partial(build, T=self.dtype)
        self.whole = functools.partial(build, T=_INT32)
        self.number = functools.partial(build.constant, dtype=dtypes.name_of(dtype))
        self.integer = functools.partial(build.constant, dtype="int32")
        self.last_axis = self.integer(-1)
        self.data_shape = self.op("Shape", data, out_type=_INT32)

        points = self.points_that_count(warp)
        low = self.op("Floor", points)
        low_weight = self.op("Sub", self.op("AddV2", low, self.number(1)), points)
        high_weight = self.op("Sub", self.number(1), low_weight)
        self.weights = [self.x_and_y(self.op, low_weight), self.x_and_y(self.op, high_weight)]
        self.framed = self.op("Pad", data, self.integer(_PADDINGS), Tpaddings=_INT32)
        self.places = self.places_from(build("Cast", low, SrcT=self.dtype, DstT=_INT32))
        self.pixels = {
            pixel: build("GatherNd", self.framed, place, Tparams=self.dtype, Tindices=_INT32)
            for pixel, place in self.places.items()
        }

    def points_that_count(self, warp: Value) -> Value:
        """Returns the points, with all that do not count moved to the frame."""
        height_width = self.whole("Slice", self.data_shape, self.integer([1]), self.integer([2]), Index=_INT32)
        width_height = self.whole("ReverseV2", height_width, self.integer([0]), Tidx=_INT32)
        size = self.build("Cast", width_height, SrcT=_INT32, DstT=self.dtype)
        inside = self.build("LogicalAnd", self.op("Greater", warp, self.number(-1)), self.op("Less", warp, size))
        counts = self.build("All", inside, self.last_axis, keep_dims=True, Tidx=_INT32)
        return self.op("SelectV2", counts, warp, self.number(-_FRAME))

    def places_from(self, low: Value) -> dict[tuple[int, int], Value]:
        """Returns each pixel's (image, row, column) among the framed images, from the low pixel's (x, y)."""
        low = self.whole("AddV2", low, self.integer(_FRAME))
        high = self.whole("AddV2", low, self.integer(1))
        columns, rows = zip(self.x_and_y(self.whole, low), self.x_and_y(self.whole, high), strict=True)
        # The number of its image for every point, whatever the rank of the points.
        ones = self.whole("OnesLike", columns[_LOW])
        image = self.whole("Cumsum", ones, self.integer(0), exclusive=True, reverse=False, Tidx=_INT32)
        return {
            (x, y): self.whole("ConcatV2", image, rows[y], columns[x], self.last_axis, N=3, Tidx=_INT32)
            for x, y in _PIXELS
        }

    def x_and_y(self, op: Callable[..., Value], value: Value) -> tuple[Value, Value]:
        """Returns the two parts of the last dimension."""
        node = op("Split", self.last_axis, value, num_split=2).node
        return node.output(_X), node.output(_Y)

    def output(self) -> Value:
        """Returns the sum of the weighted pixels, [batch, ..., channels]."""
        return self.op("AddN", *(self.weighted(pixel, self.pixels[pixel]) for pixel in _PIXELS), N=4)

    def weighted(self, pixel: tuple[int, int], value: Value) -> Value:
        """Returns a value times the weight of a pixel."""
        x, y = pixel
        return self.op("Mul", self.op("Mul", self.weights[x][_X], self.weights[y][_Y]), value)

    def grad_data(self, grad_output: Value) -> Value:
        """Returns the gradient of the images: what each pixel gave to the points, without the frame."""
        shares = self.op("Pack", *(self.weighted(pixel, grad_output) for pixel in _PIXELS), N=4, axis=0)
        places = self.whole("Pack", *(self.places[pixel] for pixel in _PIXELS), N=4, axis=0)
        shape = self.op("Shape", self.framed, out_type=_INT32)
        framed = self.op("ScatterNd", places, shares, shape, Tindices=_INT32)
        return self.op("Slice", framed, self.integer([0, _FRAME, _FRAME, 0]), self.data_shape, Index=_INT32)

    def grad_warp(self, grad_output: Value) -> Value:
        """Returns the gradient of the points, [batch, ..., 2]."""
        slopes = [self.op("Mul", grad_output, self.slope(axis)) for axis in (_X, _Y)]
        sums = [self.op("Sum", slope, self.last_axis, keep_dims=True, Tidx=_INT32) for slope in slopes]
        return self.op("ConcatV2", *sums, self.last_axis, N=2, Tidx=_INT32)

    def slope(self, axis: int) -> Value:
        """Returns how fast the output rises along an axis: the mean of its two edges across that axis."""

        def edge(across: int) -> Value:
            low, high = ((side, across) if axis == _X else (across, side) for side in (_LOW, _HIGH))
            rise = self.op("Sub", self.pixels[high], self.pixels[low])
            return self.op("Mul", self.weights[across][1 - axis], rise)

        return self.op("AddV2", edge(_HIGH), edge(_LOW))
