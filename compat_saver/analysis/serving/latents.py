"""Finds the noise that a network starts from: the latent codes that a program draws instead of feeding them.

A generator that is trained on tf.random_normal([64, 100]) returns something else in each run; served, the noise is its
input. Such noise is the input of a layer as it was drawn: dropouts and the noise of a variational network meet what was
computed first. Where the layer is applied to data too, as that of a decoder, the data leads to the output.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.serving.dropouts import number
from compat_saver.analysis.serving.names import has_own_name
from compat_saver.analysis.serving.pipelines import Delivery
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, RANDOM_OP

_SHAPES = ("Reshape", "ExpandDims", "Squeeze")
_SCALES = ("Mul", "Add", "AddV2", "Sub", "RealDiv", "Maximum", "Minimum", "Identity", "Cast")
"""What changes only the scale or the place of noise, where all other inputs are constants."""
_LAYERS = {
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "Conv2D", "Conv3D"), (0, 1)),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), (2, 1)),
}
"""Op -> which of its inputs is the data, and which the kernel."""
_DRAWING = re.compile("random|normal|uniform", re.IGNORECASE)
"""Found in the names that functions give to what they draw."""
_READS = ("Identity", "ReadVariableOp", "Reshape", "ExpandDims", "Cast")


def latents(forward: Iterable[Node], fed: Collection[Node]) -> list[Value]:
    """Returns the noise that networks start from.

    Args:
        forward: the nodes of the graph, without those that train.
        fed: those of them that depend on what is fed.
    """
    draws = (node for node in forward if RANDOM_OP.search(node.op) and node not in fed)
    found = dict.fromkeys(noise for node in draws for noise in _at_layers(node.output()))
    return [noise for noise, kernel in found if not any(layer in fed for layer in _layers_of(kernel))]


def _at_layers(noise: Value) -> Iterator[tuple[Value, Value]]:
    """Yields (noise as a layer reads it, the kernel of that layer)."""
    pending = [noise]
    for value in pending:
        for node, position in value.uses:
            data, kernel = _LAYERS.get(node.op, (None, None))
            if position == data and kernel is not None and _is_variable(node.inputs[kernel]):
                yield _unshaped(value), node.inputs[kernel]
            is_scaled = node.op in _SCALES and all(_is_constant(item) for item in node.inputs if item != value)
            if is_scaled or (node.op in _SHAPES and position == 0):
                pending.append(node.output())


def _is_constant(value: Value) -> bool:
    return number(value) is not None or constant_value(value) is not None


def _unshaped(noise: Value) -> Value:
    """Returns noise as the program drew it: another shape is the network's matter, unless it has a name."""
    while noise.node.op in _SHAPES and not has_own_name(noise.node):
        noise = noise.node.inputs[0]
    return noise


def _is_variable(kernel: Value) -> bool:
    return origin(kernel, _READS).node.op in ANY_VARIABLE_OPS


def _layers_of(kernel: Value) -> Iterator[Node]:
    """Yields the layers that apply a variable."""
    pending = [origin(kernel, _READS)]
    for value in pending:
        for node, _ in value.uses:
            if node.op in _LAYERS:
                yield node
            elif node.op in _READS:
                pending.append(node.output())


def latent_inputs(graph: Graph, found: Iterable[Value], outputs: Collection[Value]) -> list[Delivery]:
    """Returns the noise that outputs depend on, as inputs.

    Args:
        graph: the whole graph.
        found: the noise that networks start from.
        outputs: what is served.
    """
    needed = needed_from(outputs)
    used = [value for value in found if any(use.node in needed for use in value.uses)]
    return [
        Delivery(
            value,
            _key(value.node),
            static_shape(graph, value),
            f"{value.name!r} is noise that the network starts from; a served model is given it: it is an input.",
        )
        for value in used
    ]


def _key(node: Node) -> str:
    word = node.name.rpartition("/")[2]
    return word if has_own_name(node) and not _DRAWING.search(word) else "noise"
