"""cuDNN's recurrent networks -> core ops: one loop over the steps per layer and direction.

Source: tensorflow/contrib/cudnn_rnn/python/ops/cudnn_rnn_ops.py for the formulas, for the order of gates, and for cells
that compute the same on CPUs; tensorflow/core/ops/cudnn_rnn_ops.cc for inputs and outputs. A step computes, with
g = W x + b and r = R h + c in pieces, one for each gate:

| rnn_mode | gates | step |
|---|---|---|
| lstm | input, forget, new, output | c' = f c + i tanh(gn + rn), h' = o tanh(c'), with i = sigmoid(gi + ri), ... |
| gru | reset, update, new | u = sigmoid(gu + ru); h' = (1 - u) tanh(gn + sigmoid(gr + rr) rn) + u h |
| rnn_tanh, rnn_relu | one | h' = tanh(g + r), relu(g + r) |

The parameters are one vector: the W and R of each layer and direction, then the b and c of each; W is
[gates * units, inputs] and R [gates * units, units], row by row. A layer's directions follow each other, and the next
layer reads their outputs side by side. With `skip_input` the first layer has no W, and each gate takes x as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr, types_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import VARIABLE_OPS
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.proto.messages import Message
from compat_saver.proto.tensors import to_array

_INT32, _VARIANT = dtypes.by_name("int32").number, dtypes.by_name("variant").number
_TYPE = type_attr(_INT32)
GATES = {b"lstm": 4, b"gru": 3, b"rnn_tanh": 1, b"rnn_relu": 1}
_TYPES = ("float16", "float32", "float64")
_KNOWN_INPUTS = (b"linear_input", b"skip_input")

_ARGUMENTS = """
    step = _Arg[T=int32, index=0]
    steps = _Arg[T=int32, index=1]
    h = _Arg[T=FLOAT, index=2]
    c = _Arg[T=FLOAT, index=3]
    outputs = _Arg[T=variant, index=4]
    inputs = _Arg[T=variant, index=5]
    kernel = _Arg[T=FLOAT, index=6]
    bias = _Arg[T=FLOAT, index=7]
    lengths = _Arg[T=int32, index=8]
"""
_ANY_LEFT = f"""{_ARGUMENTS}
    left = Less[T=int32](step, steps)
    go_on = _Retval[T=bool, index=0](left)
"""
_BEFORE = f"""{_ARGUMENTS}
    one = Const[dtype=int32, value=int32[](1)]
    axis = Const[dtype=int32, value=int32[](1)]
    any_shape = Const[dtype=int32, value=int32[](-1)]
    g = TensorListGetItem[element_dtype=FLOAT](inputs, step, any_shape)
    product = MatMul[T=FLOAT](h, kernel)
    r = BiasAdd[T=FLOAT](product, bias)
    next_step = AddV2[T=int32](step, one)
"""
_STEPS = {
    b"lstm": """
    gates = AddV2[T=FLOAT](g, r)
    gate = Split[T=FLOAT, num_split=4](axis, gates)
    i = Sigmoid[T=FLOAT](gate:0)
    f = Sigmoid[T=FLOAT](gate:1)
    n = Tanh[T=FLOAT](gate:2)
    o = Sigmoid[T=FLOAT](gate:3)
    kept = Mul[T=FLOAT](f, c)
    new = Mul[T=FLOAT](i, n)
    new_c = AddV2[T=FLOAT](kept, new)
    squashed = Tanh[T=FLOAT](new_c)
    new_h = Mul[T=FLOAT](o, squashed)
""",
    b"gru": """
    gate_g = Split[T=FLOAT, num_split=3](axis, g)
    gate_r = Split[T=FLOAT, num_split=3](axis, r)
    reset_sum = AddV2[T=FLOAT](gate_g:0, gate_r:0)
    reset = Sigmoid[T=FLOAT](reset_sum)
    update_sum = AddV2[T=FLOAT](gate_g:1, gate_r:1)
    u = Sigmoid[T=FLOAT](update_sum)
    seen = Mul[T=FLOAT](reset, gate_r:2)
    new_sum = AddV2[T=FLOAT](gate_g:2, seen)
    n = Tanh[T=FLOAT](new_sum)
    change = Sub[T=FLOAT](h, n)
    kept = Mul[T=FLOAT](u, change)
    new_h = AddV2[T=FLOAT](n, kept)
    new_c = Identity[T=FLOAT](c)
""",
    b"rnn_tanh": """
    sum = AddV2[T=FLOAT](g, r)
    new_h = Tanh[T=FLOAT](sum)
    new_c = Identity[T=FLOAT](c)
""",
    b"rnn_relu": """
    sum = AddV2[T=FLOAT](g, r)
    new_h = Relu[T=FLOAT](sum)
    new_c = Identity[T=FLOAT](c)
""",
}
_EACH_ROW = """
    next_h = Identity[T=FLOAT](new_h)
    next_c = Identity[T=FLOAT](new_c)
    output = Identity[T=FLOAT](new_h)
"""
_ROWS_NOT_OVER = """
    rows = ExpandDims[T=int32, Tdim=int32](lengths, axis)
    runs = Less[T=int32](step, rows)
    next_h = SelectV2[T=FLOAT](runs, new_h, h)
    next_c = SelectV2[T=FLOAT](runs, new_c, c)
    nothing = ZerosLike[T=FLOAT](new_h)
    output = SelectV2[T=FLOAT](runs, new_h, nothing)
"""
_AFTER = """
    next_outputs = TensorListSetItem[element_dtype=FLOAT](outputs, step, output)
    result_0 = _Retval[T=int32, index=0](next_step)
    result_1 = _Retval[T=int32, index=1](steps)
    result_2 = _Retval[T=FLOAT, index=2](next_h)
    result_3 = _Retval[T=FLOAT, index=3](next_c)
    result_4 = _Retval[T=variant, index=4](next_outputs)
    result_5 = _Retval[T=variant, index=5](inputs)
    result_6 = _Retval[T=FLOAT, index=6](kernel)
    result_7 = _Retval[T=FLOAT, index=7](bias)
    result_8 = _Retval[T=int32, index=8](lengths)
"""


class CudnnRNN(OpReplacement):
    """Rewrites each network that draws no random numbers and whose number of layers is known.

    CudnnRNN, CudnnRNNV2, CudnnRNNV3 -> MatMul and StatelessWhile. The third version has a length per row: from there
    on outputs are 0 and states stay, and the backward direction starts there.

    Left unchanged: `dropout` in training, a projection, `auto_select` of the input mode. The outputs of which only the
    gradient op knows the meaning become empty.
    """

    name = "cudnn_rnn"
    ops: ClassVar = dict.fromkeys(("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"), "StatelessWhile, MatMul and others")
    agreement = "to rounding"

    def applies_to(self, node: Node) -> bool:
        """Rewrites what is no random function, in modes whose formulas are known."""
        dropout = float(node.attrs["dropout"].f) if "dropout" in node.attrs else 0.0
        return (
            node.attr.bytes("rnn_mode", b"lstm") in GATES
            and node.attr.bytes("input_mode", b"linear_input") in _KNOWN_INPUTS
            and dtypes.name_of(node.attr.type("T")) in _TYPES
            and not node.attr.int("num_proj")
            and (not dropout or not node.attr.bool("is_training", True))
            and _rows_of_states(node) % directions(node) == 0
            and _rows_of_states(node) > 0
        )

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one network."""
        _Rewriter(node, build).rewrite()


def has_known_layout(node: Node) -> bool:
    """Whether the parameters of a network are laid out as they are by default."""
    return (
        node.attr.bytes("rnn_mode", b"lstm") in GATES
        and node.attr.bytes("input_mode", b"linear_input") == b"linear_input"
        and not node.attr.int("num_proj")
    )


def directions(node: Node) -> int:
    """Returns the number of directions of each layer."""
    return 2 if node.attr.bytes("direction") == b"bidirectional" else 1


_SAME = frozenset(("Identity", "StopGradient", "Enter", "ReadVariableOp", "ZerosLike"))
_OF_DECLARED_SHAPE = frozenset((*VARIABLE_OPS, "VarHandleOp", "Placeholder", "PlaceholderWithDefault"))


def _rows_of_states(node: Node) -> int:
    """Returns layers * directions, the size of a dimension of the initial states; 0 if that is not known."""
    return _size(node.inputs[1], 0 if node.attr.bool("time_major", True) else 1)


def _size(value: Value, axis: int) -> int:
    """Returns the size of one dimension of a value; 0 if it is not known before the graph runs."""
    node = value.node
    if node.op in _SAME:
        return _size(node.inputs[0], axis)
    if node.op in _OF_DECLARED_SHAPE:
        shape = node.attr.shape("shape") or ()
        return (shape[axis] or 0) if axis < len(shape) else 0
    if node.op == "Const":
        array = _constant(value)
        return 0 if array is None or array.ndim <= axis else array.shape[axis]
    if node.op == "Fill":
        return _entry(node.inputs[0], axis)
    if node.op == "Tile":
        return _size(node.inputs[0], axis) * _entry(node.inputs[1], axis)
    if node.op == "ExpandDims":
        return int(_constant(node.inputs[1]) == axis)
    if node.op == "Pack":
        return node.attr.int("N") * (node.attr.int("axis") == axis)
    if node.op == "ConcatV2" and _constant(node.inputs[-1]) == axis:
        sizes = [_size(item, axis) for item in node.inputs[:-1]]
        return sum(sizes) * all(sizes)
    return 0


def _entry(shape: Value, index: int) -> int:
    """Returns an entry of a shape; 0 if it is not known."""
    if shape.node.op == "Pack" and index < len(shape.node.inputs):
        array = _constant(shape.node.inputs[index])
        return 0 if array is None else int(array)
    array = _constant(shape)
    return 0 if array is None or array.ndim != 1 or len(array) <= index else int(array[index])


def _constant(value: Value) -> np.ndarray | None:
    tensor = value.node.attr.tensor("value") if value.node.op == "Const" else None
    return None if tensor is None else to_array(tensor, where=value.node.name)


class _Weights(NamedTuple):
    """What one layer has in one direction: W, None if it reads its input as it is; R, b and c."""

    of_input: Value | None
    of_state: Value
    input_bias: Value
    state_bias: Value


class _Rewriter:
    """The tensors that several steps of the rewrite need."""

    def __init__(self, node: Node, build: Build) -> None:
        self.node, self.build = node, build
        self.dtype = node.attrs["T"]
        self.op = functools.partial(build, T=self.dtype)
        self.whole = functools.partial(build, T=_TYPE)
        self.mode = node.attr.bytes("rnn_mode", b"lstm")
        self.is_lstm, self.is_time_major = self.mode == b"lstm", node.attr.bool("time_major", True)
        self.rows, self.directions = _rows_of_states(node), directions(node)
        self.x, self.h = self.time_major(node.inputs[0]), self.time_major(node.inputs[1])
        self.c = self.time_major(node.inputs[2]) if self.is_lstm else self.h
        self.lengths = node.inputs[4] if len(node.inputs) > 4 else None
        self.steps, _, self.width = self.unpacked_shape(self.x)
        _, _, self.units = self.unpacked_shape(self.h)

    def rewrite(self) -> None:
        """Builds one layer on the other, and replaces the op."""
        starts = list(zip(self.unpacked(self.h), self.unpacked(self.c), self.weights(), strict=True))
        x, ends = self.x, []
        for first in range(0, self.rows, self.directions):
            runs = [
                self.run(x, *starts[row], row, is_backward=row % self.directions == 1)
                for row in range(first, first + self.directions)
            ]
            x = self.side_by_side([output for output, _, _ in runs])
            ends += runs
        end_h = self.time_major(self.packed([h for _, h, _ in ends]))
        end_c = self.time_major(self.packed([c for _, _, c in ends])) if self.is_lstm else self.node.inputs[2]
        reserved = [self.build.constant([], dtypes.name_of(self.dtype.type))]
        if self.node.op != "CudnnRNN":
            reserved.append(self.build.constant([], "int8"))
        self.build.replace(self.time_major(x), end_h, end_c, *reserved)

    def weights(self) -> list[_Weights]:
        """Takes the vector of parameters apart."""
        per_gate = self.whole("Mul", self.units, self.build.constant(GATES[self.mode], "int32"))
        below = self.whole("Mul", self.units, self.build.constant(self.directions, "int32"))
        widths = [self.width if row < self.directions else below for row in range(self.rows)]
        skipped = self.directions if self.node.attr.bytes("input_mode") == b"skip_input" else 0
        columns = [column for row, width in enumerate(widths) for column in (width, self.units)[row < skipped :]]
        sizes = [self.whole("Mul", per_gate, column) for column in columns] + [per_gate] * (2 * self.rows)
        count = len(sizes)
        splits = self.whole("Pack", *sizes, N=count, axis=0)
        axis = self.build.constant(0, "int32")
        parts = self.op("SplitV", self.node.inputs[3], splits, axis, num_split=count, Tlen=_TYPE).node
        rows = self.build.constant(-1, "int32")
        matrices = (
            self.op("Reshape", parts.output(index), self.whole("Pack", rows, column, N=2, axis=0), Tshape=_TYPE)
            for index, column in enumerate(columns)
        )
        biases = (parts.output(index) for index in range(len(columns), count))
        return [
            _Weights(None if row < skipped else next(matrices), next(matrices), next(biases), next(biases))
            for row in range(self.rows)
        ]

    def run(
        self, x: Value, h: Value, c: Value, weights: _Weights, row: int, *, is_backward: bool
    ) -> tuple[Value, Value, Value]:
        """Returns the outputs of one layer in one direction, and its last states."""
        x = self.backward(x) if is_backward else x
        g = self.op("BiasAdd", self.projected(x, weights.of_input), weights.input_bias, data_format="NHWC")
        shape = self.op("Shape", h, out_type=_TYPE)
        lists = functools.partial(self.build, element_dtype=self.dtype)
        kernel = self.op("Transpose", weights.of_state, self.build.constant([1, 0], "int32"), Tperm=_TYPE)
        loop = self.build(
            "StatelessWhile",
            self.build.constant(0, "int32"),
            self.steps,
            h,
            c,
            lists("TensorListReserve", shape, self.steps, shape_type=_TYPE),
            lists("TensorListFromTensor", g, self.build.constant(-1, "int32"), shape_type=_TYPE),
            kernel,
            weights.state_bias,
            self.steps if self.lengths is None else self.lengths,
            T=types_attr([_INT32] * 2 + [self.dtype.type] * 2 + [_VARIANT] * 2 + [self.dtype.type] * 2 + [_INT32]),
            cond=self.function("any_left", row, _ANY_LEFT),
            body=self.body(row),
        ).node
        outputs = lists("TensorListStack", loop.output(4), shape)
        return self.backward(outputs) if is_backward else outputs, loop.output(2), loop.output(3)

    def body(self, row: int) -> Message:
        """Returns what is done at each step."""
        rows = _EACH_ROW if self.lengths is None else _ROWS_NOT_OVER
        return self.function(self.mode.decode(), row, _BEFORE + _STEPS[self.mode] + rows + _AFTER)

    def function(self, name: str, row: int, text: str) -> Message:
        """Returns a function on floats of the network's type; TensorFlow's gradients want other names in each loop."""
        dtype = dtypes.name_of(self.dtype.type)
        loop = f"{self.node.op}_{self.node.name.replace('/', '_')}_{row}"
        return self.build.function(f"compat_saver_{loop}_{name}_{dtype}", text.replace("FLOAT", dtype))

    def projected(self, x: Value, matrix: Value | None) -> Value:
        """Returns W x, or x for each gate."""
        if matrix is not None:
            return self.op("BatchMatMulV2", x, matrix, adj_x=False, adj_y=True)
        return self.op("Tile", x, self.build.constant([1, 1, GATES[self.mode]], "int32"), Tmultiples=_TYPE)

    def backward(self, value: Value) -> Value:
        """Returns a sequence with its steps in the opposite order."""
        if self.lengths is not None:
            return self.op("ReverseSequence", value, self.lengths, seq_dim=0, batch_dim=1, Tlen=_TYPE)
        return self.op("ReverseV2", value, self.build.constant([0], "int32"), Tidx=_TYPE)

    def time_major(self, value: Value) -> Value:
        """Returns a value with its first two dimensions exchanged, if that is how the op is called."""
        if self.is_time_major:
            return value
        return self.op("Transpose", value, self.build.constant([1, 0, 2], "int32"), Tperm=_TYPE)

    def side_by_side(self, values: Sequence[Value]) -> Value:
        """Returns the outputs of all directions in one."""
        if len(values) == 1:
            return values[0]
        return self.op("ConcatV2", *values, self.build.constant(2, "int32"), N=len(values), Tidx=_TYPE)

    def packed(self, values: Sequence[Value]) -> Value:
        """Returns the states of all layers in one."""
        return self.op("Pack", *values, N=len(values), axis=0)

    def unpacked(self, states: Value) -> list[Value]:
        """Returns the states of each layer and direction."""
        node = self.op("Unpack", states, num=self.rows, axis=0).node
        return [node.output(row) for row in range(self.rows)]

    def unpacked_shape(self, value: Value) -> list[Value]:
        """Returns the three sizes of a value."""
        node = self.whole("Unpack", self.op("Shape", value, out_type=_TYPE), num=3, axis=0).node
        return [node.output(axis) for axis in range(3)]
