"""Values that a saver assembles from several tensors of a checkpoint: the parameters of cuDNN's networks.

Their layout is of cuDNN, so a checkpoint holds the weights of the cells that compute the same on CPUs, and the saver's
own nodes put them together: what these nodes compute is computed here, without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.values.weights import restored_from
from compat_saver.bundle import Checkpoint
from compat_saver.graph.attributes import Attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ASSIGN_OPS

_ASSEMBLING = ("CudnnRNNCanonicalToParams", "CudnnRNNCanonicalToParamsV2")
_SIZES = 3
_Arrays = list[np.ndarray]


def _flat(arrays: _Arrays, _: Attr) -> _Arrays:
    return [np.concatenate([array.reshape(-1) for array in arrays[_SIZES:]])]


def _split_at(arrays: _Arrays, _: Attr) -> _Arrays:
    value, sizes, axis = arrays
    return np.split(value, np.cumsum(sizes)[:-1], int(axis))


_COMPUTED: Mapping[str, Callable[[_Arrays, Attr], _Arrays]] = {
    **dict.fromkeys(_ASSEMBLING, _flat),
    "Identity": lambda arrays, _: arrays,
    "Mul": lambda arrays, _: [arrays[0] * arrays[1]],
    "Range": lambda arrays, _: [np.arange(*map(int, arrays), dtype=arrays[0].dtype)],
    "Rank": lambda arrays, _: [np.asarray(arrays[0].ndim, np.int32)],
    "Reshape": lambda arrays, _: [arrays[0].reshape(arrays[1])],
    "Split": lambda arrays, attr: np.split(arrays[1], attr.int("num_split"), int(arrays[0])),
    "SplitV": _split_at,
    "Sub": lambda arrays, _: [arrays[0] - arrays[1]],
    "Transpose": lambda arrays, _: [arrays[0].transpose(arrays[1])],
}


def assembled_values(graph: Graph, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """Returns variable -> its value, for those that a saver assembles from tensors that the checkpoint holds.

    Args:
        graph: the whole graph.
        checkpoint: the opened checkpoint.
    """
    found = {}
    known: dict[Value, np.ndarray | None] = {}
    for node in graph:
        if node.op in ASSIGN_OPS and len(node.inputs) == 2 and node.inputs[1].node.op in _ASSEMBLING:
            array = _evaluate(node.inputs[1], checkpoint, known)
            if array is not None:
                found[node.inputs[0].node.name] = array
    return found


def _evaluate(value: Value, checkpoint: Checkpoint, known: dict[Value, np.ndarray | None]) -> np.ndarray | None:
    """Returns what a saver's node computes; None if it reads what is not in the checkpoint, or is no saver's node."""
    if value not in known:
        known[value] = None  # for a damaged graph that goes around in a circle
        known[value] = _result(value, checkpoint, known)
    return known[value]


def _result(value: Value, checkpoint: Checkpoint, known: dict[Value, np.ndarray | None]) -> np.ndarray | None:
    node = value.node
    if node.op == "Const":
        return constant_value(value)
    if node.op not in _COMPUTED:
        location = restored_from(value)
        key = _key(location.key, checkpoint) if location is not None and location.part is None else ""
        return checkpoint[key] if key else None
    arrays = [_evaluate(item, checkpoint, known) for item in node.inputs]
    complete = [array for array in arrays if array is not None]
    if len(complete) < len(arrays):
        return None
    return _computed(node, complete, value.index)


def _key(name: str, checkpoint: Checkpoint) -> str:
    """Returns a name that is in the checkpoint, or the only one there that is this in a scope; "" if there is none."""
    if name in checkpoint:
        return name
    scoped = [key for key in checkpoint if key.endswith(f"/{name}")]
    return scoped[0] if len(scoped) == 1 else ""


def _computed(node: Node, arrays: _Arrays, index: int) -> np.ndarray | None:
    try:
        return _COMPUTED[node.op](arrays, node.attr)[index]
    except (ValueError, IndexError, TypeError):  # shapes of another network
        return None
