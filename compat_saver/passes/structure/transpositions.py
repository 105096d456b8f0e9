"""Moves transpositions of images forward until they cancel.

Ops whose channels were put last stand between two transpositions each. The second one of an op and the first one of the
next cancel as soon as no op is between them that reads its dimensions in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build
from compat_saver.proto.tensors import to_array

_CATALOG = OpCatalog()
_INT32 = type_attr(3)
_RANKS = (4, 5)
_UNARY = frozenset(
    {"Identity", "StopGradient", "Cast", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign"}
    | {"Sigmoid", "Tanh", "Neg", "Abs", "Square", "Sqrt", "Rsqrt", "Exp", "Log", "Sign", "Floor", "Round"}
)
_OF_SEVERAL = frozenset(
    ("Add", "AddV2", "AddN", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "Pow", "SquaredDifference")
)
_PADS = ("Pad", "PadV2", "MirrorPad")
_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod")


def to_last(rank: int) -> list[int]:
    """Returns the order of dimensions that moves the channels of an image from the second place to the last."""
    return [0, *range(2, rank), 1]


def to_second(rank: int) -> list[int]:
    """Returns the order of dimensions that moves the channels of an image from the last place to the second."""
    return [0, rank - 1, *range(1, rank - 1)]


def transposed(build: Build, value: Value, order: Sequence[int], dtype: int) -> Value:
    """Returns a value, of a DT_* number, with its dimensions in another order."""
    return build("Transpose", value, build.constant(order, "int32"), T=type_attr(dtype), Tperm=_INT32)


class CancelTranspositions(Pass):
    """Removes what moves the channels of an image to the second place and then to the last one again.

    A transposition that moves channels to the second place moves behind each reader that computes the same with
    channels last. Five cases:

    1. A function of single elements, of one image or of several; scalars may be among its arguments.
    2. BiasAdd with `data_format` NCHW: NHWC then.
    3. ConcatV2 along a constant axis.
    4. Pad, PadV2, MirrorPad by constant amounts.
    5. A reduction over constant axes, after which the order of the remaining ones is the same; then none is needed.

    Every name stands for the same tensor before and after.
    """

    name = "cancel_transpositions"

    def apply(self, graph: Graph) -> Rewrite:
        """Moves all of them as far as they go."""
        pending = [node for node in graph if _rank_of_image(node)]
        seen, count = list(pending), 0
        while pending:
            node = pending.pop()
            rank = _rank_of_image(node)
            for use in node.output().uses:
                if _order(use.node) == to_last(rank):
                    count += 1
                    use.node.output().replace_uses(node.inputs[0])
                    continue
                inputs = [item for item in _inputs_with_channels_last(use.node, rank) if item is not None]
                if inputs and len(inputs) == len(use.node.inputs):
                    pending.append(_moved_behind(graph, use.node, inputs, rank))
                    seen.append(pending[-1])
        for node in filter(_rank_of_image, seen):  # what waits for one, such as a constant in its loop, would keep it
            if not node.control_inputs:
                node.replace_control_uses(node.inputs[0].node)
        return Rewrite(self.name, count, f"{count:,} pairs")


def _order(node: Node) -> list[int]:
    """Returns a transposition's order of dimensions; [] for any other node, or if it is computed."""
    order = _constant(node.inputs[1]) if node.op == "Transpose" and len(node.inputs) == 2 else None
    return [] if order is None else order.tolist()


def _constant(value: Value) -> np.ndarray | None:
    tensor = value.node.attr.tensor("value") if value.node.op == "Const" else None
    return None if tensor is None else to_array(tensor, where=value.node.name)


def _rank_of_image(node: Node) -> int:
    """Returns the rank of what a node moves the channels of to the second place; 0 for any other node."""
    order = _order(node)
    return len(order) if len(order) in _RANKS and order == to_second(len(order)) else 0


def _with_channels_last(value: Value, rank: int) -> Value | None:
    """Returns an image before its channels were moved to the second place; None if they were not."""
    return value.node.inputs[0] if _order(value.node) == to_second(rank) else None


def _inputs_with_channels_last(node: Node, rank: int) -> list[Value | np.ndarray | None]:
    """Returns what a node has to read to compute the same with channels last, new constants as arrays.

    What there is not is None; nothing is returned for ops of which it is not known.
    """
    if not node.inputs:
        return []
    first, *others = [_with_channels_last(value, rank) for value in node.inputs]
    if node.op in _UNARY:  # case 1
        return [first]
    if node.op in _OF_SEVERAL:
        return [
            new or (old if _is_scalar(old) else None) for new, old in zip([first, *others], node.inputs, strict=True)
        ]
    if node.op == "BiasAdd" and node.attr.bytes("data_format") == b"NCHW":  # case 2
        return [first, node.inputs[1]]
    last = _constant(node.inputs[-1])
    if last is not None and node.op == "ConcatV2":  # case 3
        return [first, *others[:-1], _axes_with_channels_last(last, rank)]
    amounts = _constant(node.inputs[1]) if node.op in _PADS and others else None
    if amounts is not None and len(amounts) == rank:  # case 4
        return [first, amounts[to_last(rank)], *node.inputs[2:]]
    if last is not None and node.op in _REDUCTIONS and (node.attr.bool("keep_dims") or _keeps_order(last, rank)):
        return [first, _axes_with_channels_last(last, rank)]  # case 5
    return []


def _axes_with_channels_last(axes: np.ndarray, rank: int) -> np.ndarray:
    return np.asarray(np.array(to_second(rank))[axes], axes.dtype)


def _keeps_order(axes: np.ndarray, rank: int) -> bool:
    """Whether the dimensions that a reduction leaves are in the same order with channels last."""
    remaining = [place for axis, place in enumerate(to_second(rank)) if axis not in axes % rank]
    return remaining == sorted(remaining)


def _is_scalar(value: Value) -> bool:
    array = _constant(value)
    return array is not None and array.ndim == 0


def _moved_behind(graph: Graph, node: Node, inputs: Sequence[Value | np.ndarray], rank: int) -> Node:
    """Has a node compute with channels last, and returns what takes its name: as a rule, a transposition."""
    build = Build(graph, node)
    made = [
        build.constant(item, dtypes.from_numpy(item.dtype).name) if isinstance(item, np.ndarray) else item
        for item in inputs
    ]
    attrs = node.attrs | ({"data_format": bytes_attr("NHWC")} if node.op == "BiasAdd" else {})
    (dtype,) = _CATALOG.output_types(node)
    result = build(node.op, *made, **attrs)
    drops_dimensions = node.op in _REDUCTIONS and not node.attr.bool("keep_dims")
    build.replace(result if drops_dimensions else transposed(build, result, to_second(rank), dtype))
    return graph[node.name]
