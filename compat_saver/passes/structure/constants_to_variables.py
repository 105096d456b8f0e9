"""Constants that act as weights -> variables: a frozen graph can be trained again.

Freezing puts a constant in the place of each variable and leaves no trace of which constants were variables. What reads
a constant tells it. Four cases:

1. A kernel or a table: an op multiplies by it, convolves with it or gathers from it. It holds different values: zeros,
   ones and averages are no result of training.
2. A bias of an op whose kernel becomes a variable, of any size.
3. Any other bias (BiasAdd).
4. Scale and offset of a batch norm, fused, of plain ops, or folded into one Mul and one Add behind a layer.

Case 1 and 3 need more elements than the matrix of a color space has, and case 4 is left out, unless everything is to be
trained. A constant is read directly or through ops that forward it, in another type or shape perhaps.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.attributes import bytes_attr, shape_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.op_sets import ENTER_OPS, SWITCH_OPS
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.tensors import to_array

# Color spaces are converted by matrices of 3 x 3, which are not trained.
_SMALLEST = 10
_CARRIERS = frozenset(
    (
        *("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose", *ENTER_OPS, *SWITCH_OPS),
        *("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"),
    )
)
_KERNELS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"), (0, 1)),
    "SparseTensorDenseMatMul": (3,),
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative", "Dilation2D"), (1,)),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInput", "Conv3DBackpropInputV2"), (1,)),
    "DepthwiseConv2dNativeBackpropInput": (1,),
    **dict.fromkeys(("Gather", "GatherV2", "GatherNd"), (0,)),
    **{"LSTMBlockCell": (3,), "BlockLSTM": (4,), "BlockLSTMV2": (4,), "GRUBlockCell": (2, 3)},
}
_BIASES: Mapping[str, tuple[int, ...]] = {"BiasAdd": (1,), "BiasAddV1": (1,)}
# An Add is one where it follows a kernel; the biases of a cell are inputs of the op that reads its kernel.
_ADDS = ("Add", "AddV2")
_FOLLOWING: Mapping[str, tuple[int, ...]] = {**_BIASES, **dict.fromkeys(_ADDS, (0, 1))}
_CELL_BIASES: Mapping[str, tuple[int, ...]] = {
    **{"LSTMBlockCell": (7,), "BlockLSTM": (8,), "BlockLSTMV2": (8,), "GRUBlockCell": (4, 5)}
}
_NORMS: Mapping[str, tuple[int, ...]] = dict.fromkeys(
    ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), (1, 2)
)


class ConstantsToVariables(Pass):
    """Replaces constants that act as weights by reference variables of the same names.

    Args:
        among: the names of constants that may be weights.
        everything: whether small ones are, and scales and offsets of batch norms.

    Attributes:
        values: name -> value of the variables that were made.
    """

    name = "constants_to_variables"

    def __init__(self, among: Collection[str], *, everything: bool = False) -> None:
        self._among = among
        self._everything = everything
        self.values: dict[str, np.ndarray] = {}

    def apply(self, graph: Graph) -> Rewrite:
        """Makes the variables."""
        chosen = self.chosen(graph)
        for node in chosen:
            self.values[node.name] = _to_variable(node)
        size = sum(array.size for array in self.values.values())
        return Rewrite(self.name, len(chosen), f"{counted(len(chosen), 'constant')} of {counted(size, 'element')}")

    def chosen(self, graph: Graph) -> list[Node]:
        """Returns the constants that act as weights."""
        readers = {node: tuple(_readers(node.output())) for node in graph if self._is_candidate(node)}
        kernels = [node for node in readers if self._is_large(node) and _is_kernel(node, readers[node])]
        layers = {use.node for node in kernels for use in readers[node] if _at(use, _KERNELS)}
        adders = {use.node for node in layers for use in _readers(node.output()) if use.node.op in _FOLLOWING}
        norms = _norm_ops(layers) if self._everything else set()
        chosen = dict.fromkeys(kernels)
        for node, uses in readers.items():
            if self._is_added(node, uses, adders, layers) or any(use.node in norms for use in uses):
                chosen[node] = None
        return list(chosen)

    def _is_candidate(self, node: Node) -> bool:
        # Control inputs place a constant in a loop or a branch, where no variable is made.
        if node.op != "Const" or node.name not in self._among or node.control_inputs:
            return False
        number = node.attr.type("dtype")
        return dtypes.is_known(number) and dtypes.by_number(number).is_floating and len(_shape(node)) > 0

    def _is_large(self, node: Node) -> bool:
        return self._everything or math.prod(_shape(node)) >= _SMALLEST

    def _is_added(self, node: Node, uses: tuple[Use, ...], adders: set[Node], layers: set[Node]) -> bool:
        """Whether a constant is a bias, or a scale or offset that is to be trained."""
        return any(
            (use.node in adders and _at(use, _FOLLOWING))
            or (use.node in layers and _at(use, _CELL_BIASES))
            or (self._is_large(node) and _at(use, _BIASES))
            or (self._everything and _at(use, _NORMS))
            for use in uses
        )


def _readers(value: Value) -> Iterator[Use]:
    """Yields what reads a value, directly or through ops that forward it."""
    pending = [value]
    while pending:
        for use in pending.pop().uses:
            if use.node.op not in _CARRIERS:
                yield use
            elif use.position == 0:
                pending += use.node.used_outputs


def _norm_ops(layers: Iterable[Node]) -> set[Node]:
    """Returns the ops by which plain batch norms scale and move what layers compute.

    The scale multiplies 1 / deviation, and the offset less the scaled average is added. Folded, both are constants.
    """
    outputs = [use.node for node in layers for use in _readers(node.output())]
    outputs += [use.node for node in outputs if node.op in _FOLLOWING for use in _readers(node.output())]
    products = {node for node in outputs if node.op == "Mul"}
    scales = {value.node for node in products for value in node.inputs if _has_input(value.node, "Mul", "Rsqrt")}
    adders = {use.node for node in products for use in _readers(node.output()) if use.node.op in _ADDS}
    offsets = {value.node for node in adders for value in node.inputs if _has_input(value.node, "Sub", "Mul")}
    folded = {node for node in products if not any(value.node in scales for value in node.inputs)}
    return scales | offsets | folded | {node for node in adders if not any(v.node in offsets for v in node.inputs)}


def _has_input(node: Node, op: str, other: str) -> bool:
    return node.op == op and any(value.node.op == other for value in node.inputs)


def _at(use: Use, positions: Mapping[str, tuple[int, ...]]) -> bool:
    return use.position in positions.get(use.node.op, ())


def _is_kernel(node: Node, uses: tuple[Use, ...]) -> bool:
    if not any(_at(use, _KERNELS) for use in uses):
        return False
    array = _array(node).reshape(-1)
    return bool((array != array[:1]).any())


def _shape(node: Node) -> tuple[int, ...]:
    tensor = node.attr.tensor("value")
    return () if tensor is None else tuple(dim.size for dim in tensor.tensor_shape.dim)


def _array(node: Node) -> np.ndarray:
    return to_array(node.attrs["value"].tensor, where=node.name)


def _to_variable(node: Node) -> np.ndarray:
    """Makes a constant the variable of its name; returns its value."""
    array = _array(node)
    node.op = "VariableV2"
    node.attrs = {
        **{"dtype": type_attr(node.attr.type("dtype")), "shape": shape_attr(array.shape)},
        **{"container": bytes_attr(b""), "shared_name": bytes_attr(b"")},
    }
    return array
