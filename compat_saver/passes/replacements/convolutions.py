"""Convolutions: Conv3DBackpropInput and Conv3DBackpropFilter, FusedConv2DBiasActivation."""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.tensors import to_array

_FLOAT, _INT32, _QINT8 = type_attr(1), type_attr(3), type_attr(11)


_SIZED_INPUT = {"Conv3DBackpropInput": 0, "Conv3DBackpropFilter": 1}


class Conv3DBackprop(OpReplacement):
    """Gives each such op the shape of the tensor that it received.

    Conv3DBackpropInput, Conv3DBackpropFilter -> V2: their input was a whole tensor of which only the shape counts.

    A transposed 3-D convolution is a Conv3DBackpropInput, so these are not of training alone.
    """

    name = "conv3d_backprop_v2"
    ops: ClassVar = {op: f"{op}V2" for op in _SIZED_INPUT}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        index = _SIZED_INPUT[node.op]
        node.replace_input(index, build("Shape", node.inputs[index], T=node.attrs["T"], out_type=_INT32))
        node.op += "V2"


_NHWC, _HWIO = b"NHWC", b"HWIO"
_OIHW_TO_HWIO = [2, 3, 1, 0]


class FusedConv2DBiasActivation(OpReplacement):
    """Splits each such op into its steps.

    FusedConv2DBiasActivation -> Conv2D, Mul, BiasAdd and Relu, which it had in one kernel.

    Source: tensorflow/contrib/fused_conv/kernels/fused_conv2d_bias_activation_op.cc. The output is

        activation(conv_input_scale * conv(conv_input, filter) + side_input_scale * side_input + bias)

    Two cases, by what had a kernel:

    1. float32, on GPUs. `filter` may have its output channels first.
    2. qint8, on GPUs, and since 1.15 on CPUs for channels in the last dimension: computed in float32, then rounded to
       the nearest, half to even, and clipped to what int8 holds. GPUs supported the format NCHW_VECT_C only, which is
       left unchanged.

    With a `side_input_scale` of 0 the side input does not count, and has another shape; so the scale has to be a
    constant, or the op is left unchanged. The kernels ignored `dilations`.
    """

    name = "fused_conv2d_bias_activation"
    ops: ClassVar = {"FusedConv2DBiasActivation": "Conv2D, Mul, BiasAdd, Relu"}
    agreement = "to rounding; in float32, which ran on GPUs only, by its formula"

    def applies_to(self, node: Node) -> bool:
        """Rewrites nodes that had a kernel and whose side input is known to count or not."""
        if _scale_of_side_input(node) is None:
            return False
        if node.attr.bytes("activation_mode", b"Relu") not in (b"Relu", b"None"):
            return False
        formats = node.attr.bytes("data_format", _NHWC), node.attr.bytes("filter_format", _HWIO)
        if node.attr.type("T") == _QINT8.type:
            return formats == (_NHWC, _HWIO)
        return (node.attr.type("T"), node.attr.type("Tbias")) == (_FLOAT.type, _FLOAT.type)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        quantized = node.attr.type("T") == _QINT8.type
        conv_input, kernel, bias, side_input, conv_input_scale, side_input_scale = node.inputs
        op = functools.partial(build, T=_FLOAT)

        def real(value: Value) -> Value:
            return build("Cast", value, SrcT=_QINT8, DstT=_FLOAT) if quantized else value

        kernel = real(kernel)
        if node.attr.bytes("filter_format", _HWIO) != _HWIO:
            kernel = op("Transpose", kernel, build.constant(_OIHW_TO_HWIO, "int32"), Tperm=_INT32)
        data_format = bytes_attr(node.attr.bytes("data_format", _NHWC))
        shared = {name: node.attrs[name] for name in ("strides", "padding")}
        total = op("Conv2D", real(conv_input), kernel, data_format=data_format, **shared)
        total = op("Mul", total, conv_input_scale)
        if _scale_of_side_input(node):
            total = op("AddV2", total, op("Mul", real(side_input), side_input_scale))
        total = op("BiasAdd", total, bias, data_format=data_format)
        if node.attr.bytes("activation_mode", b"Relu") == b"Relu":
            total = op("Relu", total)
        build.replace(_as_int8(build, total) if quantized else total)


def _scale_of_side_input(node: Node) -> float | None:
    """Returns what the side input is multiplied by; None if that is not known before the graph runs."""
    scale = node.inputs[-1].node
    value = scale.attr.tensor("value") if scale.op == "Const" else None
    array = None if value is None else to_array(value, where=scale.name)
    return float(array.item()) if array is not None and array.size == 1 else None


def _as_int8(build: Build, value: Value) -> Value:
    op = functools.partial(build, T=_FLOAT)
    lowest, highest = build.constant(-128, "float32"), build.constant(127, "float32")
    clipped = op("Minimum", op("Maximum", op("Rint", value), lowest), highest)
    return build("Cast", clipped, SrcT=_FLOAT, DstT=_QINT8)
