"""Takes transposes out that undo each other, as `ChannelsFirst` leaves them between neighboring layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compat_saver.graph.attributes import bytes_attr, tensor_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import Message
from compat_saver.proto.tensors import to_array

_UNARY = (
    *("Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Softplus", "Sigmoid", "Tanh", "Identity", "StopGradient", "Neg"),
    *("Square", "Sqrt", "Rsqrt", "Exp", "Log", "Abs", "Cast"),
)
_BINARY = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "AddN", "SquaredDifference")


class CancelTransposes(Pass):
    """Moves a transpose to channels first behind what computes element by element, until it meets its inverse.

    Cases, for a transpose T of the values that an op reads:

    1. Its inverse: what reads that reads the values.
    2. An op on single elements, or on several values that were all transposed alike: T(x) -> op becomes op(x) -> T.
    3. BiasAdd with channels first: BiasAdd with channels last, then T.
    4. ConcatV2 along a constant axis: along the axis as it was before T.
    5. Mean over constant axes that keeps none of their order: over the axes as they were, then T if they are kept.
    """

    name = "cancel_transposes"

    def apply(self, graph: Graph) -> Rewrite:
        """Walks the transposes to channels first until none moves."""
        gone, pending = 0, [node for node in graph if _order(node) is not None]
        while pending:
            node = pending.pop()
            order = _order(node)
            if order is None or not _brings_channels_forward(order):
                continue
            for use in node.output().uses:
                other = _order(use.node)
                if other is not None and use.position == 0:
                    gone += _cancel(node, use.node, order, other)
                elif use.node.inputs and (moved := _moved(graph, use.node, order)) is not None:
                    pending.append(moved)
        return Rewrite(self.name, gone, f"{gone:,} transposes that undo another")


def _order(node: Node) -> tuple[int, ...] | None:
    """Returns the permutation of a Transpose; None for another op, or where it is computed."""
    if node.op != "Transpose" or len(node.inputs) != 2:
        return None
    found = _constant(node.inputs[1])
    return None if found is None else tuple(int(axis) for axis in found.reshape(-1))


def _constant(value: Value) -> np.ndarray | None:
    tensor = value.node.attr.tensor("value") if value.node.op == "Const" else None
    return None if tensor is None else to_array(tensor)


def _brings_channels_forward(order: Sequence[int]) -> bool:
    return len(order) > 3 and tuple(order) == (0, len(order) - 1, *range(1, len(order) - 1))


def _cancel(first: Node, second: Node, order: Sequence[int], other: Sequence[int]) -> int:
    """Case 1: makes what reads the second of two transposes read what the first one reads, if they undo each other."""
    if len(order) != len(other) or [order[axis] for axis in other] != list(range(len(order))):
        return 0
    second.output().replace_uses(first.inputs[0])
    return 1


def _moved(graph: Graph, node: Node, order: tuple[int, ...]) -> Node | None:
    """Returns the transpose behind a node, in place of those in front of it; None if it cannot be moved."""
    images = _images(node, order)
    if images is None or not (node.output().uses or _loses_axes(node)):
        return None  # an output of the graph keeps its layout
    transposed = [node.inputs[index].node for index in images]
    keeps = _change_axes(graph, node, order)
    if keeps is None:
        return None
    for index, before in zip(images, transposed, strict=True):
        node.replace_input(index, before.inputs[0])
    return _behind(graph, node, transposed[0]) if keeps else None


def _loses_axes(node: Node) -> bool:
    return node.op == "Mean" and not node.attr.bool("keep_dims")


def _images(node: Node, order: tuple[int, ...]) -> list[int] | None:
    """Returns the inputs of a node that are transposed; None unless all that should be are."""
    count = len(node.inputs)
    if node.op in _UNARY or node.op in ("BiasAdd", "Mean"):
        wanted = [0]
    elif node.op in _BINARY:
        wanted = list(range(count))
    elif node.op == "ConcatV2":
        wanted = list(range(count - 1))
    else:
        return None
    return wanted if all(_order(node.inputs[index].node) == order for index in wanted) else None


def _change_axes(graph: Graph, node: Node, order: tuple[int, ...]) -> bool | None:
    """Makes a node compute on values as they were; returns whether its output needs the transpose; None: it cannot."""
    if node.op == "BiasAdd":
        if node.attr.bytes("data_format") not in (b"NCHW", b"NCDHW"):
            return None
        node.attrs["data_format"] = bytes_attr("NHWC")
    elif node.op in ("ConcatV2", "Mean"):
        axes = _constant(node.inputs[-1])
        if axes is None:
            return None
        reduced = {int(axis) % len(order) for axis in axes.reshape(-1)}
        keeps = not _loses_axes(node)
        if not keeps and reduced != set(range(2, len(order))):
            return None
        changed = np.array([order[int(axis)] for axis in axes.reshape(-1)], axes.dtype).reshape(axes.shape)
        node.replace_input(len(node.inputs) - 1, _axes(graph, node, changed))
        return keeps
    return True


def _axes(graph: Graph, node: Node, axes: np.ndarray) -> Value:
    old = node.inputs[-1].node
    attrs: dict[str, Message] = {**old.attrs, "value": tensor_attr(axes)}
    name = graph.unique_name(f"{node.name}/axes")
    return graph.add("Const", name, attrs=attrs, control_inputs=old.control_inputs).output()


def _behind(graph: Graph, node: Node, transpose: Node) -> Node:
    """Adds a transpose like another one behind a node, for all that reads the node."""
    uses = node.output().uses
    attrs = {**transpose.attrs, **({"T": node.attrs["DstT"]} if node.op == "Cast" else {})}
    made = graph.add(
        "Transpose", graph.unique_name(f"{node.name}/Transpose"), [node.output(), transpose.inputs[1]], attrs
    )
    for use in uses:
        use.node.replace_input(use.position, made.output())
    return made
