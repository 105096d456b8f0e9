"""Functions of TensorFlow called on Keras tensors, `TFOpLambda`, as functions of `keras.ops`.

The table is data, so that a configuration is upgraded without Keras: a function -> that of keras.ops or a composed one,
and for each argument the argument of it. A function that is not in it is reported as a problem.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import NamedTuple

from compat_saver.keras_models.composed import COMPOSED
from compat_saver.keras_models.composed.registry import Composed


class Operation(NamedTuple):
    """What computes a function of TensorFlow.

    Attributes:
        function: of keras.ops by its name, or a composed one, `tf.pad`.
        arguments: argument in TensorFlow -> argument of it; the first is the one that is given by position.
    """

    function: str
    arguments: Mapping[str, str]


def _unary(function: str, argument: str = "x") -> Operation:
    return Operation(function, {argument: "x", "dtype": "dtype"} if function.endswith("_like") else {argument: "x"})


def _binary(function: str, first: str = "x", second: str = "y") -> Operation:
    return Operation(function, {first: "x1", second: "x2"})


def _reduction(function: str) -> Operation:
    arguments = {"input_tensor": "x", "axis": "axis", "keepdims": "keepdims"}
    return Operation(function, arguments | {"keep_dims": "keepdims", "reduction_indices": "axis"})


def _composed(name: str, function: Composed) -> Operation:
    own = {argument: argument for argument in list(inspect.signature(function).parameters)[1:]}
    return Operation(name, own | {old: new for old, new in _OF_V1.items() if new in own and old not in own})


_OF_V1 = {"keep_dims": "keepdims", "dim": "axis", "dimension": "axis", "filter": "filters"}
"""Argument of tf.compat.v1 -> its later name."""

_BINARY = """
add subtract multiply truediv=true_divide divide=true_divide div=true_divide floordiv=floor_divide
floor_div=floor_divide mod floormod=mod pow=power maximum minimum greater greater_equal less less_equal equal not_equal
logical_and logical_or logical_xor divide_no_nan div_no_nan=divide_no_nan
"""
_UNARY = """
abs=absolute negative neg=negative exp expm1 log log1p sqrt rsqrt square sign floor ceil round sin cos tan asin=arcsin
acos=arccos atan=arctan sinh cosh tanh asinh=arcsinh acosh=arccosh atanh=arctanh erf erfc sigmoid log_sigmoid
softplus logical_not reciprocal is_finite=isfinite is_nan=isnan is_inf=isinf identity=copy
"""
_OF_FEATURES = "elu relu relu6 selu softplus softsign"
_REDUCTIONS = """
reduce_mean=mean reduce_sum=sum reduce_max=max reduce_min=min reduce_prod=prod reduce_any=any reduce_all=all
reduce_std=std reduce_variance=var reduce_logsumexp=logsumexp
"""


def _pairs(names: str) -> list[tuple[str, str]]:
    """Returns name of TensorFlow, name of Keras; one alone is both."""
    return [(item.partition("=")[0], item.rpartition("=")[2]) for item in names.split()]


FUNCTIONS: dict[str, Operation] = {
    **{name: _binary(function) for name, function in _pairs(_BINARY)},
    **{name: _unary(function) for name, function in _pairs(_UNARY)},
    **{name: _unary(function, "features") for name, function in _pairs(_OF_FEATURES)},
    **{name: _reduction(function) for name, function in _pairs(_REDUCTIONS)},
    "atan2": _binary("arctan2", "y", "x"),
    "clip_by_value": Operation("clip", {"t": "x", "clip_value_min": "x_min", "clip_value_max": "x_max"}),
    "transpose": Operation("transpose", {"a": "x", "perm": "axes"}),
    "expand_dims": Operation("expand_dims", {"input": "x", "axis": "axis", "dim": "axis"}),
    "squeeze": Operation("squeeze", {"input": "x", "axis": "axis", "squeeze_dims": "axis"}),
    "unstack": Operation("unstack", {"value": "x", "num": "num", "axis": "axis"}),
    "cast": Operation("cast", {"x": "x", "dtype": "dtype"}),
    "leaky_relu": Operation("leaky_relu", {"features": "x", "alpha": "negative_slope"}),
    "tile": Operation("tile", {"input": "x", "multiples": "repeats"}),
    "repeat": Operation("repeat", {"input": "x", "repeats": "repeats", "axis": "axis"}),
    "roll": Operation("roll", {"input": "x", "shift": "shift", "axis": "axis"}),
    "broadcast_to": Operation("broadcast_to", {"input": "x", "shape": "shape"}),
    "where": Operation("where", {"condition": "condition", "x": "x1", "y": "x2"}),
    "tensordot": Operation("tensordot", {"a": "x1", "b": "x2", "axes": "axes"}),
    "top_k": Operation("top_k", {"input": "x", "k": "k", "sorted": "sorted"}),
    "stop_gradient": Operation("stop_gradient", {"input": "variable"}),
    "zeros_like": _unary("zeros_like", "input"),
    "ones_like": _unary("ones_like", "input"),
    **{name.removeprefix("tf."): _composed(name, function) for name, function in COMPOSED.items()},
}
"""Last part of the name of a TensorFlow function, `math.multiply` -> what computes it."""

_OTHER_FAMILIES = ("audio", "bitwise", "io", "ragged", "random", "sets", "signal", "sparse", "strings")
"""Modules whose functions are others than those of these names."""


def operation_of(function: str) -> Operation | None:
    """Returns what computes a TensorFlow function such as `math.multiply`; None if nothing does."""
    *modules, name = function.removeprefix("compat.v1.").split(".")
    return None if modules and modules[0] in _OTHER_FAMILIES else FUNCTIONS.get(name)


_WITHOUT_EFFECT = {
    "a_is_sparse": False,
    "b_is_sparse": False,
    "conjugate": False,
    "preserve_aspect_ratio": False,
    "validate_shape": True,
    "use_cudnn_on_gpu": True,
}
"""Arguments that a table need not know if they have this value; None means that an argument was not given."""


def unknown_arguments(operation: Operation, given: Mapping[str, object]) -> list[str]:
    """Returns the arguments of a call that the function has no equivalent of."""
    return [
        name
        for name, value in given.items()
        if name not in operation.arguments
        and name != "name"
        and value is not None
        and not (name in _WITHOUT_EFFECT and value == _WITHOUT_EFFECT[name])
    ]
