"""Image ops with channels in the second dimension -> the same ops with channels in the last one.

TensorFlow has kernels for `data_format` NCHW and NCDHW on GPUs. On CPUs some builds have a few of them, through oneDNN;
the others have none. Kernels of both formats do the same sums. What differs is the order of dimensions:

* images: the outputs, and the inputs named in `_IMAGES`, are transposed;
* sizes: attributes and inputs with an entry (of `explicit_paddings`, a pair) per dimension are put in the other order;
* weights and statistics per channel have no data format and stay as they are.

Source: the documentation of each op in tensorflow/core/ops/nn_ops.cc and array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.passes.structure.transpositions import to_last, to_second, transposed
from compat_saver.proto.messages import AttrValue, Message

_CATALOG = OpCatalog()
_INT32 = type_attr(3)
_LAST = {b"NCHW": b"NHWC", b"NCDHW": b"NDHWC"}
_PER_DIMENSION = ("strides", "dilations", "ksize", "explicit_paddings")


class _Edges(NamedTuple):
    """Which inputs of an op are images, which hold a size per dimension, and whether its first output is an image."""

    images: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    makes_image: bool = True


_FORWARD, _POOL_GRADIENT = _Edges((0,)), _Edges((0, 1, 2))
_OF_INPUT, _OF_FILTER = _Edges((2,), sizes=(0,)), _Edges((0, 2), makes_image=False)
_EDGES: Mapping[str, _Edges] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), _FORWARD),
    **dict.fromkeys(("MaxPool", "MaxPool3D", "AvgPool", "AvgPool3D"), _FORWARD),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _FORWARD),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _FORWARD),
    "MaxPoolV2": _Edges((0,), sizes=(1, 2)),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput"), _OF_INPUT),
    **dict.fromkeys(
        ("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", "DepthwiseConv2dNativeBackpropFilter"), _OF_FILTER
    ),
    **dict.fromkeys(("MaxPoolGrad", "MaxPoolGradGrad", "MaxPool3DGrad", "MaxPool3DGradGrad"), _POOL_GRADIENT),
    **dict.fromkeys(("MaxPoolGradV2", "MaxPoolGradGradV2"), _Edges((0, 1, 2), sizes=(3, 4))),
    **dict.fromkeys(("AvgPoolGrad", "AvgPool3DGrad"), _Edges((1,), sizes=(0,))),
    **dict.fromkeys(("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"), _Edges((0, 1))),
}


def is_channels_first(node: Node) -> bool:
    """Whether a node of an op that has no kernel for it on CPUs has the channels of its images second."""
    return node.op in _EDGES and node.attr.bytes("data_format") in _LAST


class ChannelsFirst(OpReplacement):
    """Puts the channels of each such op last, between transpositions of its images.

    Two cases, by what the op returns:

    1. An image, first of all: it is transposed back, other outputs follow.
    2. The gradient of a filter: it is read as it is.

    `BiasAdd` and its gradient are no such ops: they have kernels for CPUs. NCHW_VECT_C, for quantized values on GPUs,
    is left unchanged. `structure.transpositions` removes transpositions that cancel.
    """

    name = "channels_last"
    ops: ClassVar = {op: f"{op} with channels last" for op in _EDGES}
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Rewrites nodes whose channels come second."""
        return is_channels_first(node)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        edges, data_format = _EDGES[node.op], node.attr.bytes("data_format")
        order = to_last(len(data_format))
        read, made = _CATALOG.input_types(node), _CATALOG.output_types(node)
        inputs = list(node.inputs)
        for index in edges.images:
            inputs[index] = transposed(build, inputs[index], order, read[index])
        for index in edges.sizes:
            indices = build.constant(order, "int32")
            inputs[index] = build("Gather", inputs[index], indices, Tparams=type_attr(read[index]), Tindices=_INT32)
        attrs = {**node.attrs, **dict(_reordered(node, order)), "data_format": bytes_attr(_LAST[data_format])}
        first = build(node.op, *inputs, **attrs)
        others = [first.node.output(index) for index in range(1, len(made))]
        if edges.makes_image:  # case 1
            first = transposed(build, first, to_second(len(data_format)), made[0])
        build.replace(first, *others)


def _reordered(node: Node, order: Sequence[int]) -> Iterator[tuple[str, Message]]:
    """Yields the attributes with an entry, or a pair, per dimension, in another order."""
    for name in _PER_DIMENSION:
        sizes = node.attrs[name].list.i if name in node.attrs else ()
        each = len(sizes) // len(order)
        if each:
            moved = [size for axis in order for size in sizes[axis * each : (axis + 1) * each]]
            yield name, AttrValue(list=AttrValue.ListValue(i=moved))
