"""TensorFlow ops called on Keras tensors, `TFOpLambda` and `TensorFlowOpLayer`, as functions of `keras.ops`.

Both tables are data, so that a configuration is upgraded without Keras: an op -> the function, and for each argument of
the op the argument of the function. An op in neither is reported as a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Operation(NamedTuple):
    """A function of keras.ops for an op.

    Attributes:
        function: its name.
        arguments: argument of the op -> argument of the function; the first is the one that is given by position.
    """

    function: str
    arguments: Mapping[str, str]


def _unary(function: str, argument: str = "x") -> Operation:
    return Operation(function, {argument: "x"})


def _binary(function: str, first: str = "x", second: str = "y") -> Operation:
    return Operation(function, {first: "x1", second: "x2"})


def _reduction(function: str) -> Operation:
    return Operation(function, {"input_tensor": "x", "axis": "axis", "keepdims": "keepdims"})


_BINARY = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "truediv": "true_divide",
    "divide": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "maximum": "maximum",
    "minimum": "minimum",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "less": "less",
    "less_equal": "less_equal",
    "equal": "equal",
    "not_equal": "not_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
}
_MATH = {
    "abs": "absolute",
    "negative": "negative",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "square": "square",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "sign": "sign",
    "floor": "floor",
    "ceil": "ceil",
    "round": "round",
    "erf": "erf",
    "softplus": "softplus",
    "logical_not": "logical_not",
    "reciprocal": "reciprocal",
    "identity": "copy",
}
_NN = {"elu": "elu", "relu": "relu", "relu6": "relu6", "selu": "selu", "softplus": "softplus", "softsign": "softsign"}
_REDUCTIONS = {
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_any": "any",
    "reduce_all": "all",
}

FUNCTIONS: dict[str, Operation] = {
    **{name: _binary(function) for name, function in _BINARY.items()},
    **{name: _unary(function) for name, function in _MATH.items()},
    **{name: _unary(function, "features") for name, function in _NN.items()},
    **{name: _reduction(function) for name, function in _REDUCTIONS.items()},
    "div": _binary("true_divide"),
    "neg": _unary("negative"),
    "clip_by_value": Operation("clip", {"t": "x", "clip_value_min": "x_min", "clip_value_max": "x_max"}),
    "concat": Operation("concatenate", {"values": "xs", "axis": "axis"}),
    "stack": Operation("stack", {"values": "x", "axis": "axis"}),
    "reshape": Operation("reshape", {"tensor": "x", "shape": "newshape"}),
    "transpose": Operation("transpose", {"a": "x", "perm": "axes"}),
    "expand_dims": Operation("expand_dims", {"input": "x", "axis": "axis"}),
    "squeeze": Operation("squeeze", {"input": "x", "axis": "axis"}),
    "cast": Operation("cast", {"x": "x", "dtype": "dtype"}),
    "matmul": Operation("matmul", {"a": "x1", "b": "x2"}),
    "softmax": Operation("softmax", {"logits": "x", "axis": "axis"}),
    "log_softmax": Operation("log_softmax", {"logits": "x", "axis": "axis"}),
    "leaky_relu": Operation("leaky_relu", {"features": "x", "alpha": "negative_slope"}),
    "gather": Operation("take", {"params": "x", "indices": "indices", "axis": "axis"}),
    "tile": Operation("tile", {"input": "x", "multiples": "repeats"}),
    "where": Operation("where", {"condition": "condition", "x": "x1", "y": "x2"}),
    "argmax": Operation("argmax", {"input": "x", "axis": "axis"}),
    "argmin": Operation("argmin", {"input": "x", "axis": "axis"}),
    "cumsum": Operation("cumsum", {"x": "x", "axis": "axis"}),
    "zeros_like": _unary("zeros_like", "input"),
    "ones_like": _unary("ones_like", "input"),
    "getitem": Operation("get_item", {"tensor": "x", "slice_spec": "key"}),
    "l2_normalize": Operation("normalize", {"x": "x", "axis": "axis"}),
}
"""Last part of the name of a TensorFlow function, `math.multiply` -> the function of keras.ops."""

_WITHOUT_EFFECT = {
    "name": None,
    "transpose_a": False,
    "transpose_b": False,
    "adjoint_a": False,
    "adjoint_b": False,
    "a_is_sparse": False,
    "b_is_sparse": False,
    "conjugate": False,
    "validate_indices": None,
    "batch_dims": 0,
    "exclusive": False,
    "reverse": False,
}
"""Arguments that a table need not know if they have this value."""


def unknown_arguments(operation: Operation, given: Mapping[str, object]) -> list[str]:
    """Returns the arguments of a call that the function has no equivalent of."""
    return [
        name
        for name, value in given.items()
        if name not in operation.arguments
        and name != "name"
        and not (name in _WITHOUT_EFFECT and value == _WITHOUT_EFFECT[name])
    ]


class NodeOperation(NamedTuple):
    """A function of keras.ops for a node of a graph.

    Attributes:
        function: its name.
        inputs: the arguments of the function for the inputs of the node, in order; a list takes all but the last.
        attributes: attribute of the node -> argument of the function.
    """

    function: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str] = {}


def _two(function: str) -> NodeOperation:
    return NodeOperation(function, ("x1", "x2"))


def _one(function: str) -> NodeOperation:
    return NodeOperation(function, ("x",))


def _reduced(function: str) -> NodeOperation:
    return NodeOperation(function, ("x", "axis"), {"keep_dims": "keepdims"})


NODES: dict[str, NodeOperation] = {
    **{
        op: _two(name)
        for op, name in {
            "Add": "add",
            "AddV2": "add",
            "Sub": "subtract",
            "Mul": "multiply",
            "RealDiv": "true_divide",
            "Div": "true_divide",
            "FloorDiv": "floor_divide",
            "FloorMod": "mod",
            "Pow": "power",
            "Maximum": "maximum",
            "Minimum": "minimum",
            "Greater": "greater",
            "GreaterEqual": "greater_equal",
            "Less": "less",
            "LessEqual": "less_equal",
            "Equal": "equal",
            "NotEqual": "not_equal",
            "LogicalAnd": "logical_and",
            "LogicalOr": "logical_or",
            "MatMul": "matmul",
            "BatchMatMul": "matmul",
            "BatchMatMulV2": "matmul",
        }.items()
    },
    **{
        op: _one(name)
        for op, name in {
            "Abs": "absolute",
            "Neg": "negative",
            "Exp": "exp",
            "Log": "log",
            "Log1p": "log1p",
            "Sqrt": "sqrt",
            "Rsqrt": "rsqrt",
            "Square": "square",
            "Sin": "sin",
            "Cos": "cos",
            "Tanh": "tanh",
            "Sigmoid": "sigmoid",
            "Sign": "sign",
            "Floor": "floor",
            "Ceil": "ceil",
            "Relu": "relu",
            "Relu6": "relu6",
            "Elu": "elu",
            "Selu": "selu",
            "Softplus": "softplus",
            "Softsign": "softsign",
            "Softmax": "softmax",
            "LogSoftmax": "log_softmax",
            "LogicalNot": "logical_not",
            "ZerosLike": "zeros_like",
            "OnesLike": "ones_like",
            "Identity": "copy",
            "Erf": "erf",
        }.items()
    },
    **{
        op: _reduced(name)
        for op, name in {
            "Mean": "mean",
            "Sum": "sum",
            "Max": "max",
            "Min": "min",
            "Prod": "prod",
            "Any": "any",
            "All": "all",
        }.items()
    },
    "ConcatV2": NodeOperation("concatenate", ("[xs", "axis")),
    "Pack": NodeOperation("stack", ("[x",), {"axis": "axis"}),
    "Reshape": NodeOperation("reshape", ("x", "newshape")),
    "Transpose": NodeOperation("transpose", ("x", "axes")),
    "ExpandDims": NodeOperation("expand_dims", ("x", "axis")),
    "Squeeze": NodeOperation("squeeze", ("x",), {"squeeze_dims": "axis"}),
    "Cast": NodeOperation("cast", ("x",), {"DstT": "dtype"}),
    "GatherV2": NodeOperation("take", ("x", "indices", "axis")),
    "Tile": NodeOperation("tile", ("x", "repeats")),
    "Select": NodeOperation("where", ("condition", "x1", "x2")),
    "SelectV2": NodeOperation("where", ("condition", "x1", "x2")),
    "LeakyRelu": NodeOperation("leaky_relu", ("x",), {"alpha": "negative_slope"}),
    "StridedSlice": NodeOperation("get_item", ("x", "begin", "end", "strides")),
}
"""Op of a node -> the function of keras.ops."""
