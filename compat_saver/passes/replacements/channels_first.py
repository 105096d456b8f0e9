"""Image ops whose channels come before height and width: NCHW, a layout for GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from compat_saver import dtypes
from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import AttrValue, Message

_LAST = {b"NCHW": b"NHWC", b"NCDHW": b"NDHWC"}
_TYPES = ("T", "T_threshold", "dtype")
_LISTS = ("strides", "ksize", "dilations")
_PADDINGS = "explicit_paddings"


class _Layout(NamedTuple):
    """Where an op has images.

    Attributes:
        images: the inputs that are images.
        sizes: the inputs that have an entry per axis: shapes, strides, sizes of windows.
        outputs: the outputs that are images.
        total: how many outputs the op has.
    """

    images: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    outputs: tuple[int, ...] = (0,)
    total: int = 1


_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative", "Conv3D")
_LAYOUTS = {
    **dict.fromkeys((*_CONVOLUTIONS, "MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), _Layout((0,))),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _Layout((0,))),
    **dict.fromkeys(("Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput"), _Layout((2,), (0,))),
    "Conv3DBackpropInputV2": _Layout((2,), (0,)),
    **dict.fromkeys(("Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter"), _Layout((0, 2), (), ())),
    "Conv3DBackpropFilterV2": _Layout((0, 2), (), ()),
    "MaxPoolV2": _Layout((0,), (1, 2)),
    **dict.fromkeys(("MaxPoolGrad", "MaxPool3DGrad"), _Layout((0, 1, 2))),
    **dict.fromkeys(("AvgPoolGrad", "AvgPool3DGrad"), _Layout((1,), (0,))),
    "FusedBatchNorm": _Layout((0,), (), (0,), 5),
    "FusedBatchNormV2": _Layout((0,), (), (0,), 5),
    "FusedBatchNormV3": _Layout((0,), (), (0,), 6),
    **dict.fromkeys(
        ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"), _Layout((0, 1), (), (0,), 5)
    ),
}


class ChannelsFirst(OpReplacement):
    """Computes with channels last what has no kernel for CPUs with channels first, between transposes.

    Filters, biases and statistics have the same layout either way. BiasAdd has a
    kernel for either, and stays.

    Source: tensorflow/core/kernels/conv_ops.cc, maxpooling_op.cc, fused_batch_norm_op.cc and depthtospace_op.cc refuse
    NCHW on the CPU; oneDNN and graph optimization hide that where the rank is known.
    """

    name = "channels_first"
    ops: ClassVar = {op: f"{op} with channels last, and Transpose" for op in _LAYOUTS}
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Whether the channels of a node come first."""
        return is_channels_first(node)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one node."""
        layout, before = _LAYOUTS[node.op], node.attr.bytes("data_format")
        rank = len(before)
        to_last, to_first = _to_last(rank), _to_first(rank)
        dtype = dtypes.base(next(node.attr.type(name) for name in _TYPES if node.attr.type(name)))
        inputs = list(node.inputs)
        for index in layout.images:
            inputs[index] = _transposed(build, inputs[index], to_last, dtype)
        for index in layout.sizes:
            inputs[index] = _picked(build, inputs[index], to_last)
        attrs = {name: _reordered(name, message, to_last) for name, message in node.attrs.items()}
        attrs["data_format"] = bytes_attr(_LAST[before])
        made = build(node.op, *inputs, **attrs).node
        outputs = [made.output(index) for index in range(layout.total)]
        for index in layout.outputs:
            outputs[index] = _transposed(build, outputs[index], to_first, dtype)
        build.replace(*outputs)


def is_channels_first(node: Node) -> bool:
    """Whether a node computes on images whose channels come first."""
    return node.op in _LAYOUTS and node.attr.bytes("data_format") in _LAST


def _to_last(rank: int) -> tuple[int, ...]:
    return (0, *range(2, rank), 1)


def _to_first(rank: int) -> tuple[int, ...]:
    return (0, rank - 1, *range(1, rank - 1))


def _transposed(build: Build, value: Value, order: Sequence[int], dtype: int) -> Value:
    kinds = {"T": type_attr(dtype), "Tperm": type_attr(_INT32)}
    return build("Transpose", value, build.constant(list(order), "int32"), **kinds)


def _picked(build: Build, sizes: Value, order: Sequence[int]) -> Value:
    """Returns a vector with an entry per axis in another order; of a gradient's filter sizes only images have them."""
    kind = type_attr(_INT32)
    return build("Gather", sizes, build.constant(list(order), "int32"), Tparams=kind, Tindices=kind)


def _reordered(name: str, message: Message, order: Sequence[int]) -> Message:
    if name in _LISTS and len(message.list.i) == len(order):
        return AttrValue(list=AttrValue.ListValue(i=[message.list.i[axis] for axis in order]))
    if name == _PADDINGS and message.list.i:
        pairs = [message.list.i[2 * axis : 2 * axis + 2] for axis in order]
        return AttrValue(list=AttrValue.ListValue(i=[number for pair in pairs for number in pair]))
    return message


_INT32 = dtypes.by_name("int32").number
