"""Ops whose default argument meant something else: DecodeJpeg, Dequantize, ReduceJoin."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import LegacyBehavior

_STRING, _INT32 = type_attr(7), type_attr(3)


_EIGHT_BITS = (11, 12)  # qint8, quint8


class _Change(NamedTuple):
    attribute: str
    old: bytes
    new: bytes


_CHANGES = {
    "DecodeJpeg": _Change("dct_method", b"", b"INTEGER_ACCURATE"),  # case 1
    "Dequantize": _Change("mode", b"MIN_FIRST", b"MIN_COMBINED"),  # case 2
}


class LegacyDecodeJpegAndDequantize(LegacyBehavior):
    """Gives each such op the attribute value that computes what it computed.

    Ops that computed, with an attribute at its default or unknown, what today another value of it gives.

    1. DecodeJpeg of TensorFlow 0.12 had no `dct_method` and used the accurate integer transform; since 1.0 the default
       is the fast one (tensorflow/core/kernels/decode_image_op.cc).
    2. Dequantize of TensorFlow 0.12 to 1.1, in the mode MIN_FIRST and for eight bits, computed what MIN_COMBINED does:
       the smallest number of the range was not moved to a whole step (tensorflow/core/kernels/dequantize_op.cc).
    """

    name = "attributes_then"
    ops: ClassVar = {op: f"{op} with {item.attribute} {item.new.decode()}" for op, item in _CHANGES.items()}
    until: ClassVar = {"DecodeJpeg": 21, "Dequantize": 22}

    def applies_to(self, node: Node) -> bool:
        """Whether the attribute has the value that changed its meaning."""
        if node.op == "Dequantize" and node.attr.type("T") not in _EIGHT_BITS:
            return False
        change = _CHANGES[node.op]
        return node.attr.bytes(change.attribute) == change.old

    def rewrite(self, node: Node, build: Build) -> None:
        """Changes one attribute."""
        del build
        change = _CHANGES[node.op]
        node.attrs[change.attribute] = bytes_attr(change.new)


class LegacyReduceJoin(LegacyBehavior):
    """Names the axes, the last one first.

    ReduceJoin of TensorFlow 0.12: without axes it joined everything, row by row; since 1.0 it joins nothing.

    Source: tensorflow/core/kernels/reduce_join_op.cc.
    """

    name = "reduce_join_all"
    ops: ClassVar = {"ReduceJoin": "ReduceJoin over all axes"}
    until: ClassVar = {"ReduceJoin": 21}

    def applies_to(self, node: Node) -> bool:
        """Whether its axes are a constant without elements."""
        if node.inputs[1].node.op != "Const":
            return False
        axes = node.inputs[1].node.attr.tensor("value")
        return axes is not None and any(dim.size == 0 for dim in axes.tensor_shape.dim)

    def rewrite(self, node: Node, build: Build) -> None:
        """Gives one such op axes."""
        down = build.constant(-1, "int32")
        last = build("Add", build("Rank", node.inputs[0], T=_STRING), down, T=_INT32)
        node.replace_input(1, build("Range", last, down, down, Tidx=_INT32))
