"""What the graph beside a checkpoint says of recurrent layers, and their weights do not.

An LSTM cell of TensorFlow 1 computes c' = sigmoid(f + forget_bias) c + sigmoid(i) activation(j) with i, j, f, o split
from one product. The walk starts at the bias of the cell: BiasAdd -> Split -> f -> Add of a constant -> Sigmoid -> Mul
-> Add -> c', which `cell_clip` clips. Fused cells have both as attributes of their op. A layer of Keras is followed
from its recurrent kernel to the activation of its gates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.walk import origin
from compat_saver.errors import CompatSaverError
from compat_saver.graph import Graph, Node, Value
from compat_saver.model import open_model

_CARRIERS = ("Identity", "Enter", "RefEnter", "ReadVariableOp", "StopGradient")
_FUSED = ("LSTMBlockCell", "BlockLSTM", "BlockLSTMV2")
_SUMS = ("Add", "AddV2", "BiasAdd")
_BETWEEN = (*_CARRIERS, "StridedSlice", "MatMul", "Add", "AddV2", "BiasAdd", "Split", "SplitV", "Squeeze")
_SLOPE = 0.2
"""Of hard_sigmoid, clip(0.2 x + 0.5, 0, 1), as Keras 1 and 2 compute it."""
_ACTIVATIONS = ("Tanh", "Relu", "Relu6", "Sigmoid", "Elu", "Selu", "Softplus", "Softsign")
_CLIPS = ("ClipByValue", "Minimum", "Maximum")
_FORGET, _GATES = 2, 4
_NEAR = 1e-6


class CellFacts(NamedTuple):
    """What is known of a cell.

    Attributes:
        forget_bias: what is added to the forget gate; None if it is not known.
        is_clipped: whether its state is clipped (`cell_clip`).
        activation: that of the new state, such as "tanh"; "" if it is not known.
    """

    forget_bias: float | None = None
    is_clipped: bool = False
    activation: str = ""


def graph_of(source: str | PathLike[str]) -> Graph | None:
    """Returns the graph of a checkpoint or SavedModel; None where there is none, or it cannot be read."""
    try:
        return open_model(Path(source), needs_values=False).as_read
    except CompatSaverError:
        return None


def facts_of(graph: Graph | None, bias: str) -> CellFacts:
    """Returns what a graph says of the cell with the bias of that name.

    A cell that is called several times is known as far as all calls agree.
    """
    node = graph.get(bias) if graph is not None else None
    if node is None:
        return CellFacts()
    found = {fact for use in _users(node.output()) for fact in _facts(use)}
    biases, activations = ({getattr(item, name) for item in found} for name in ("forget_bias", "activation"))
    return CellFacts(
        biases.pop() if len(biases) == 1 else None,
        any(item.is_clipped for item in found),
        activations.pop() if len(activations) == 1 else "",
    )


def gate_activation(graph: Graph, kernel: str) -> str:
    """Returns the activation of the gates of a layer of Keras: "hard_sigmoid", "sigmoid", or "" if it is not known.

    Args:
        graph: the graph.
        kernel: the name of the recurrent kernel.
    """
    node = graph.get(kernel)
    found = set(_users(node.output(), _BETWEEN)) if node is not None else set()
    slopes = [constant_value(origin(value, _CARRIERS)) for user in found if user.op == "Mul" for value in user.inputs]
    if any(item is not None and item.size == 1 and abs(float(item.reshape(())) - _SLOPE) < _NEAR for item in slopes):
        return "hard_sigmoid"
    return "sigmoid" if any(user.op == "Sigmoid" for user in found) else ""


def _users(value: Value, through: Collection[str] = _CARRIERS) -> Iterator[Node]:
    """Yields what uses a value, also inside of loops, behind ops of some types."""
    seen, values = {value}, [value]
    while values:
        for use in values.pop().uses:
            if use.node.op not in through:
                yield use.node
                continue
            new = [output for output in use.node.used_outputs if output not in seen]
            seen.update(new)
            values += new


def _facts(user: Node) -> Iterator[CellFacts]:
    if user.op in _FUSED:
        attrs = user.attrs
        clip = attrs["cell_clip"].f if "cell_clip" in attrs else _DEFAULT_CLIP[user.op]
        bias = attrs["forget_bias"].f if "forget_bias" in attrs else 1.0
        yield CellFacts(round(bias, 6), clip > 0, "tanh")
    elif user.op in _SUMS:
        for split in _users(user.output()):
            if split.op in ("Split", "SplitV") and split.attr.int("num_split") == _GATES:
                yield _unfused(split)


_DEFAULT_CLIP = {"LSTMBlockCell": 3.0, "BlockLSTM": 3.0, "BlockLSTMV2": 0.0}
"""What a graph means that was saved without attributes that have their defaults."""


def _unfused(split: Node) -> CellFacts:
    forget = {item for user in _users(split.output(_FORGET)) if (item := _added(user)) is not None}
    activations = {user.op for user in _users(split.output(1)) if user.op in _ACTIVATIONS}
    gates = [node for user in _users(split.output(_FORGET)) for node in _sigmoids(user)]
    products = [product for gate in gates for product in _users(gate.output()) if product.op == "Mul"]
    states = [state for product in products for state in _users(product.output())]
    is_clipped = any(clip.op in _CLIPS for state in states if state.op in _SUMS for clip in _users(state.output()))
    return CellFacts(
        forget.pop() if len(forget) == 1 else None,
        is_clipped,
        activations.pop().lower() if len(activations) == 1 else "",
    )


def _sigmoids(user: Node) -> list[Node]:
    """Returns the gate that a value is turned into, with or without something added."""
    return [user] if user.op == "Sigmoid" else [node for node in _users(user.output()) if node.op == "Sigmoid"]


def _added(user: Node) -> float | None:
    """Returns what is added to a forget gate before its sigmoid; None for another user of it."""
    if user.op == "Sigmoid":
        return 0.0
    if user.op not in _SUMS or not _sigmoids(user):
        return None
    constants = [constant_value(origin(value, _CARRIERS)) for value in user.inputs]
    found = [array for array in constants if array is not None and array.size == 1]
    return round(float(found[0].reshape(())), 6) if found else None
