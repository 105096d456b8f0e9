"""Follows the elements of a value through the graph: reshaped, sliced, joined, shifted, but still the same elements."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.walk import origin
from compat_saver.graph import Node, Use, Value


class Form(NamedTuple):
    """What became of an element `e`: `(e + shift) // divisor`. Closed under adding a constant and dividing by one."""

    shift: int = 0
    divisor: int = 1

    def added(self, number: int) -> Form:
        """Returns the form after adding."""
        return Form(self.shift + number * self.divisor, self.divisor)

    def divided(self, number: int) -> Form:
        """Returns the form after rounding division by a positive number."""
        return Form(self.shift, self.divisor * number)

    def elements_below(self, bound: int) -> range:
        """Returns the elements that land in `range(bound)`."""
        return range(-self.shift, bound * self.divisor - self.shift)


class Arrival(NamedTuple):
    """One place where elements arrive.

    Attributes:
        use: who reads them.
        form: what became of them; None where arithmetic changed them in some other way.
        column: their place in the last vector they were packed into; None if they were not.
    """

    use: Use
    form: Form | None
    column: int | None


_ALL = range(1 << 30)
_FIRST = range(1)
_CARRIERS: Mapping[str, range] = {
    **dict.fromkeys(("Identity", "StopGradient", "PreventGradient", "Snapshot", "PlaceholderWithDefault"), _FIRST),
    **dict.fromkeys(("Reshape", "ExpandDims", "Squeeze", "Transpose", "Tile", "BroadcastTo", "Cast"), _FIRST),
    **dict.fromkeys(("StridedSlice", "Slice", "Unpack", "SplitV", "Pad", "PadV2", "MirrorPad"), _FIRST),
    **dict.fromkeys(("Reverse", "ReverseV2", "ReverseSequence", "DynamicPartition", "Unique", "UniqueV2"), _FIRST),
    **dict.fromkeys(("Gather", "GatherV2", "GatherNd", "Enter", "Exit", "NextIteration", "Switch"), _FIRST),
    **dict.fromkeys(("Merge", "Pack", "ConcatV2", "Maximum", "Minimum", "DynamicStitch"), _ALL),
    **dict.fromkeys(("Concat", "Split", "Select", "SelectV2"), range(1, 1 << 30)),
    **dict.fromkeys(("TensorListFromTensor", "TensorListGetItem", "TensorListStack", "TensorListPopBack"), _FIRST),
    **dict.fromkeys(("TensorListSetItem", "TensorListPushBack"), _ALL),
}
"""Op -> which of its inputs it forwards; an axis among them is a constant, and so nothing that is followed."""
_ONLY_FIRST_OUTPUT = frozenset({"Merge", "Unique", "UniqueV2"})
_SUMS = frozenset({"Add", "AddV2", "BiasAdd"})
_DIVISIONS = frozenset({"FloorDiv", "Div"})
_SCALES = frozenset({"Mul", "RealDiv", "Div", "FloorDiv"})
_ARRAY_WRITES = frozenset({"TensorArrayScatterV3", "TensorArrayWriteV3", "TensorArrayUnpack"})
_ARRAY_READS = frozenset({"TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3"})


_Step: TypeAlias = "tuple[Value, Form | None, int | None]"


def arrivals(value: Value) -> Iterator[Arrival]:
    """Yields every place where the elements of `value` arrive, each value on the way looked at once."""
    seen = {value}
    pending: list[_Step] = [(value, Form(), None)]
    while pending:
        carried, form, column = pending.pop()
        for use in carried.uses:
            yield Arrival(use, form, column)
            for step in _steps(use, form, column):
                if step[0] not in seen:
                    seen.add(step[0])
                    pending.append(step)


def _steps(use: Use, form: Form | None, column: int | None) -> Iterator[_Step]:
    node, position = use
    if node.op in _ARRAY_WRITES:
        yield from ((read, form, column) for read in _array_reads(node))
    elif node.op in _CARRIERS:
        if position in _CARRIERS[node.op]:
            packed = position if node.op in ("Pack", "ConcatV2") else column
            yield from ((output, form, packed) for output in _outputs(node))
    elif len(node.inputs) == 2:
        other = node.inputs[1 - position]
        if node.op in _SUMS | _SCALES | {"Sub"} and is_constant(other):
            yield node.output(), _changed(node, position, scalar(other), form), column


def _outputs(node: Node) -> Iterable[Value]:
    return (node.output(),) if node.op in _ONLY_FIRST_OUTPUT else node.used_outputs


def _changed(node: Node, position: int, number: float | None, form: Form | None) -> Form | None:
    """Returns the form after arithmetic with a constant; None where it is no arithmetic of integers."""
    if form is None or number is None or not float(number).is_integer():
        return None
    if node.op in _SUMS:
        return form.added(int(number))
    if position == 0 and node.op == "Sub":
        return form.added(-int(number))
    if position == 0 and node.op in _DIVISIONS and number > 0:
        return form.divided(int(number))
    return None


def _array_reads(write: Node) -> Iterator[Value]:
    """Yields what is read from the TensorArray that a node writes; loops take the handle in through Enter."""
    pending = [origin(write.inputs[0], ("Identity", "Enter"))]
    while pending:
        for use in pending.pop().uses:
            if use.node.op in ("Identity", "Enter"):
                pending.append(use.node.output())
            elif use.node.op in _ARRAY_READS:
                yield use.node.output()


def is_constant(value: Value) -> bool:
    """Whether a value is a Const, looked at through Identity, Enter and Cast."""
    return origin(value, ("Identity", "Enter", "Cast")).node.op == "Const"


def shape_input(value: Value) -> list[int | None]:
    """Returns the sizes in a shape input: a constant, or packed from constants and others; else an empty list."""
    value = origin(value, ("Identity", "Cast"))
    if value.node.op == "Pack":
        return [None if (size := scalar(item)) is None else int(size) for item in value.node.inputs]
    found = constant_value(value)
    return [] if found is None or found.dtype.kind != "i" else found.reshape(-1).tolist()


def scalar(value: Value) -> float | None:
    """Returns the number that a value always is; None if it is no single constant number."""
    node = origin(value, ("Identity", "Enter", "Cast")).node
    tensor = node.attr.tensor("value") if node.op == "Const" else None
    if tensor is None or math.prod(dim.size for dim in tensor.tensor_shape.dim) != 1:
        return None
    array = constant_value(node.output())
    return float(array.reshape(-1)[0]) if array is not None and array.dtype.kind in "iuf" else None
