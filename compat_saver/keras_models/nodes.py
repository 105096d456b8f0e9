"""Nodes of a graph called on Keras tensors, `TensorFlowOpLayer`, as functions of `keras.ops`.

An op -> the function of keras.ops or a composed one, the arguments of it that the inputs of the node are, and those
that its attributes are.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple


class NodeOperation(NamedTuple):
    """What computes a node.

    Attributes:
        function: of keras.ops by its name, or a composed one, `tf.pad`.
        inputs: the arguments of it for the inputs of the node, in order; one after `[` takes all but those that follow.
        attributes: attribute of the node -> argument of it.
    """

    function: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str] = {}


_BINARY = """
Add=add AddV2=add Sub=subtract Mul=multiply RealDiv=true_divide Div=true_divide FloorDiv=floor_divide FloorMod=mod
Pow=power Maximum=maximum Minimum=minimum Greater=greater GreaterEqual=greater_equal Less=less LessEqual=less_equal
Equal=equal NotEqual=not_equal LogicalAnd=logical_and LogicalOr=logical_or Atan2=arctan2 DivNoNan=divide_no_nan
"""
_UNARY = """
Abs=absolute Neg=negative Exp=exp Expm1=expm1 Log=log Log1p=log1p Sqrt=sqrt Rsqrt=rsqrt Square=square Sin=sin Cos=cos
Tan=tan Asin=arcsin Acos=arccos Atan=arctan Sinh=sinh Cosh=cosh Tanh=tanh Asinh=arcsinh Acosh=arccosh Atanh=arctanh
Sigmoid=sigmoid Sign=sign Floor=floor Ceil=ceil Round=round Rint=round Reciprocal=reciprocal Inv=reciprocal Relu=relu
Relu6=relu6 Elu=elu Selu=selu Softplus=softplus Softsign=softsign Softmax=softmax LogSoftmax=log_softmax
LogicalNot=logical_not ZerosLike=zeros_like OnesLike=ones_like Identity=copy Snapshot=copy Erf=erf Erfc=erfc
IsFinite=isfinite IsNan=isnan IsInf=isinf
"""
_REDUCED = "Mean=mean Sum=sum Max=max Min=min Prod=prod Any=any All=all"


def _pairs(names: str) -> list[tuple[str, str]]:
    return [(op, function) for op, _, function in (item.partition("=") for item in names.split())]


_WINDOW = {"ksize": "ksize", "strides": "strides", "padding": "padding", "data_format": "data_format"}
_TRANSPOSED = {"transpose_a": "transpose_a", "transpose_b": "transpose_b", "adj_x": "adjoint_a", "adj_y": "adjoint_b"}
_MASKS = {f"{part}_mask": f"{part}_mask" for part in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
_CORNERS = {"align_corners": "align_corners", "half_pixel_centers": "half_pixel_centers"}
_CUMULATED = {"exclusive": "exclusive", "reverse": "reverse"}
_BLOCKS = {"block_size": "block_size", "data_format": "data_format"}
_RADIUS = {name: name for name in ("depth_radius", "bias", "alpha", "beta")}
_CONVOLVED = {**_WINDOW, "dilations": "dilations"}

NODES: dict[str, NodeOperation] = {
    **{op: NodeOperation(name, ("x1", "x2")) for op, name in _pairs(_BINARY)},
    **{op: NodeOperation(name, ("x",)) for op, name in _pairs(_UNARY)},
    **{op: NodeOperation(name, ("x", "axis"), {"keep_dims": "keepdims"}) for op, name in _pairs(_REDUCED)},
    **{op: NodeOperation("tf.matmul", ("a", "b"), _TRANSPOSED) for op in ("MatMul", "BatchMatMul", "BatchMatMulV2")},
    "AddN": NodeOperation("tf.add_n", ("[inputs",)),
    "SquaredDifference": NodeOperation("tf.squared_difference", ("x", "y")),
    "BiasAdd": NodeOperation("tf.bias_add", ("value", "bias"), {"data_format": "data_format"}),
    "ConcatV2": NodeOperation("tf.concat", ("[values", "axis")),
    "Pack": NodeOperation("tf.stack", ("[values",), {"axis": "axis"}),
    "Unpack": NodeOperation("unstack", ("x",), {"num": "num", "axis": "axis"}),
    "Split": NodeOperation("tf.split", ("axis", "value"), {"num_split": "num_or_size_splits"}),
    "SplitV": NodeOperation("tf.split", ("value", "num_or_size_splits", "axis")),
    "Shape": NodeOperation("tf.shape", ("input",)),
    "IdentityN": NodeOperation("tf.identity_n", ("[input",)),
    "Reshape": NodeOperation("tf.reshape", ("tensor", "shape")),
    "Transpose": NodeOperation("transpose", ("x", "axes")),
    "ExpandDims": NodeOperation("expand_dims", ("x", "axis")),
    "Squeeze": NodeOperation("squeeze", ("x",), {"squeeze_dims": "axis"}),
    "Cast": NodeOperation("cast", ("x",), {"DstT": "dtype"}),
    "GatherV2": NodeOperation("tf.gather", ("params", "indices", "axis"), {"batch_dims": "batch_dims"}),
    "Tile": NodeOperation("tile", ("x", "repeats")),
    "BroadcastTo": NodeOperation("broadcast_to", ("x", "shape")),
    "Select": NodeOperation("where", ("condition", "x1", "x2")),
    "SelectV2": NodeOperation("where", ("condition", "x1", "x2")),
    "ClipByValue": NodeOperation("clip", ("x", "x_min", "x_max")),
    "LeakyRelu": NodeOperation("leaky_relu", ("x",), {"alpha": "negative_slope"}),
    "StridedSlice": NodeOperation("tf.strided_slice", ("input_", "begin", "end", "strides"), _MASKS),
    "Slice": NodeOperation("tf.slice", ("input_", "begin", "size")),
    "Pad": NodeOperation("tf.pad", ("tensor", "paddings")),
    "PadV2": NodeOperation("tf.pad", ("tensor", "paddings", "constant_values")),
    "MirrorPad": NodeOperation("tf.pad", ("tensor", "paddings"), {"mode": "mode"}),
    "ReverseV2": NodeOperation("tf.reverse", ("tensor", "axis")),
    "Roll": NodeOperation("roll", ("x", "shift", "axis")),
    "Cumsum": NodeOperation("tf.cumsum", ("x", "axis"), _CUMULATED),
    "ArgMax": NodeOperation("tf.argmax", ("input", "axis"), {"output_type": "output_type"}),
    "ArgMin": NodeOperation("tf.argmin", ("input", "axis"), {"output_type": "output_type"}),
    "TopKV2": NodeOperation("top_k", ("x", "k"), {"sorted": "sorted"}),
    "OneHot": NodeOperation("tf.one_hot", ("indices", "depth", "on_value", "off_value"), {"axis": "axis"}),
    "StopGradient": NodeOperation("stop_gradient", ("variable",)),
    "MaxPool": NodeOperation("tf.max_pool", ("input",), _WINDOW),
    "AvgPool": NodeOperation("tf.avg_pool", ("input",), _WINDOW),
    "Conv2D": NodeOperation("tf.conv2d", ("input", "filters"), _CONVOLVED),
    "LRN": NodeOperation("tf.lrn", ("input",), _RADIUS),
    "DepthToSpace": NodeOperation("tf.depth_to_space", ("input",), _BLOCKS),
    "SpaceToDepth": NodeOperation("tf.space_to_depth", ("input",), _BLOCKS),
    "ResizeBilinear": NodeOperation("tf.resize_bilinear", ("images", "size"), _CORNERS),
    "ResizeNearestNeighbor": NodeOperation("tf.resize_nearest_neighbor", ("images", "size"), _CORNERS),
    "MatrixDiag": NodeOperation("tf.diag", ("diagonal",)),
    "MatrixDiagPart": NodeOperation("tf.diag_part", ("input",)),
}
"""Op of a node -> what computes it."""

_TYPES = {"half": "float16", "float": "float32", "double": "float64"}


def attribute(found: Mapping[str, Any]) -> Any:
    """Returns an attribute of a node as protobuf writes it in JSON."""
    if "s" in found:
        return base64.b64decode(found["s"]).decode()
    if "i" in found:
        return int(found["i"])
    if "type" in found:
        name = str(found["type"]).removeprefix("DT_").lower()
        return _TYPES.get(name, name)
    if "list" in found:
        return [int(item) for item in found["list"].get("i", ())] or None
    return found.get("b", found.get("f"))
