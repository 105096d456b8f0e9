"""The static shapes that the writer of a graph recorded, kept for the signatures of the functions that are made of it.

`DropPlacement` takes them off the nodes, since today's shape functions may contradict some of them. The variables of a
loop and the elements of a TensorArray are where they are needed all the same: the gradient of a While is built from the
shapes in its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.graph.ir import Graph, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS
from compat_saver.proto.messages import Message

RECORDED = "_output_shapes"
_RESOURCE, _VARIANT = dtypes.by_name("resource").number, dtypes.by_name("variant").number


class RecordedShapes:
    """Shapes by the names of tensors.

    Args:
        graph: with its `_output_shapes` still on the nodes; None for a graph that recorded nothing.
    """

    def __init__(self, graph: Graph | None = None) -> None:
        nodes = () if graph is None else graph
        self._recorded: dict[str, Message] = {
            node.name: node.attrs[RECORDED] for node in nodes if RECORDED in node.attrs
        }

    def __getitem__(self, value: Value) -> Shape:
        """Returns the shape of a value; None, an unknown rank, where nothing is recorded."""
        if value.node.op == "Const":
            tensor = value.node.attr.tensor("value")
            return None if tensor is None else shape_from_message(tensor.tensor_shape)
        if value.node.op == "Placeholder":  # of a signature; its shape may be another than what was recorded
            return value.node.attr.shape("shape")
        is_argument = value.node.op == "_Arg"  # of a function made here, which has it from the value outside
        recorded = value.node.attrs.get(RECORDED) if is_argument else self._recorded.get(value.node.name)
        if recorded is None or value.index >= len(recorded.list.shape):
            return None
        return shape_from_message(recorded.list.shape[value.index])

    def of(self, value: Value, number: int) -> Shape:
        """Returns the shape of a value of a DT_* number.

        What is recorded of a handle or a list is from when it was a reference or a flow. Both are scalars, but for the
        handle of a TensorArray, which counts as a pair.
        """
        if number == _RESOURCE:
            source = _source(value)
            return self[source] if source.node.op == "_Arg" else None if "TensorArray" in source.node.op else ()
        return () if number == _VARIANT else self[value]


def _source(handle: Value) -> Value:
    """Returns where a handle comes from, back through what only passes it on."""
    while handle.node.op in HANDLE_CARRIERS:
        entering = [value for value in handle.node.inputs if value.node.op != "NextIteration"]
        if not entering:  # only in a damaged graph: nothing ever enters that loop
            break
        handle = entering[0]
    return handle


def common_shape(shapes: Iterable[Shape]) -> Shape:
    """Returns the most exact shape that all of some shapes fit: unknown where two differ or one is unknown."""
    listed = list(shapes)
    if not listed or any(shape is None for shape in listed):
        return None
    first, *others = (shape for shape in listed if shape is not None)
    if any(len(other) != len(first) for other in others):
        return None
    return tuple(size if all(other[axis] == size for other in others) else None for axis, size in enumerate(first))
