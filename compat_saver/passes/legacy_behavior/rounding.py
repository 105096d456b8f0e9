"""Ops that round in another way today: QuantizeAndDequantize, Round of integers."""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_INT32 = type_attr(3)


_BITS = 8


class QuantizeAndDequantize(OpReplacement):
    """Gives each such op the range it found by itself as inputs.

    QuantizeAndDequantize -> QuantizeAndDequantizeV2, made to round as the old op did: deprecated at GraphDef version
    22.

    Source: tensorflow/core/kernels/quantize_and_dequantize_op.h of TensorFlow 0.12 to 1.8; later kernels give the old
    op the range and the rounding of the new one. With m the largest magnitude of the given range, or of the input if
    none is given, the old op rounds halves up, and there are three cases:

    1. signed_input: as many steps below zero as above it, the last one at m.
    2. A given range, without signed_input: from 0 to m.
    3. Neither: steps as in case 2, but nothing is cut off at 0. That is case 1 with one bit more.
    """

    name = "quantize_and_dequantize_v2"
    ops: ClassVar = {"QuantizeAndDequantize": "QuantizeAndDequantizeV2 that rounds halves up"}
    agreement = "to rounding; a value halfway between two steps may go to the other one"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        (values,) = node.inputs
        dtype = node.attrs["T"]
        bits, given = node.attr.int("num_bits", _BITS), node.attr.bool("range_given")
        signed = node.attr.bool("signed_input", True)  # case 1
        largest = _given(node, build) if given else _found(values, build, node)
        lowest = build("Neg" if signed or not given else "ZerosLike", largest, T=dtype)
        if not signed and not given:  # case 3
            signed, bits = True, bits + 1
        quantized = build(
            "QuantizeAndDequantizeV2",
            *(values, lowest, largest),
            **{"T": dtype, "signed_input": signed, "num_bits": bits, "range_given": True},
            **{"round_mode": "HALF_UP", "narrow_range": True},
        )
        build.replace(quantized)


def _given(node: Node, build: Build) -> Value:
    limits = [node.attrs[name].f for name in ("input_min", "input_max") if name in node.attrs]
    return build.constant(max(map(abs, limits), default=0.0), dtypes.name_of(node.attr.type("T")))


def _found(values: Value, build: Build, node: Node) -> Value:
    """The largest magnitude in the input; 0 if the input is empty."""
    dtype = node.attrs["T"]
    flat = build("Reshape", build("Abs", values, T=dtype), build.constant([-1], "int32"), T=dtype, Tshape=_INT32)
    largest = build("Max", flat, build.constant(0, "int32"), T=dtype, Tidx=_INT32, keep_dims=False)
    return build("Maximum", largest, build.constant(0.0, dtypes.name_of(dtype.type)), T=dtype)


_INTEGERS = (3, 4, 5, 6, 9, 17, 22, 23)  # int32, uint8, int16, int8, int64, uint16, uint32, uint64


class RoundIntegers(OpReplacement):
    """Forwards integers, whatever release wrote the graph: in none of them the output was zeros.

    Round of integers: the integers themselves, in every release of TensorFlow 1; 2.21 returns zeros.

    Source: tensorflow/core/kernels/cwise_op_round.cc registers it for integers in both.
    """

    name = "round_integers"
    ops: ClassVar = {"Round": "Identity"}

    def applies_to(self, node: Node) -> bool:
        """Whether it rounds integers."""
        return node.attr.type("T") in _INTEGERS

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.op = "Identity"
