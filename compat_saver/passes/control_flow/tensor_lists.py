"""TensorArrayV3 -> TensorList, so that loops over them have gradients, compile and convert.

| TensorArray op | what stands in its place |
|---|---|
| TensorArrayV3 | TensorListReserve of its size |
| Write | TensorListSetItem, which grows the list if the array was dynamic |
| Read | TensorListGetItem |
| Scatter of all rows into an array of that size (`unstack`) | TensorListFromTensor |
| any other Scatter | TensorListScatterIntoExistingList |
| Gather of all elements (`stack`) | TensorListStack |
| any other Gather | TensorListGather |
| Concat | TensorListConcatV2 |
| Split | TensorListSplit |
| Size | TensorListLength |

The handle and what carried it go; the flow becomes the list. `array_flows` says when that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from compat_saver import dtypes
from compat_saver.graph.attributes import Shape, int_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.build import Build
from compat_saver.passes.control_flow.array_flows import WRITERS, ArrayFlow, follow
from compat_saver.passes.control_flow.counts import count_of, counts_rows, is_every_element, range_end, same_count
from compat_saver.passes.control_flow.parts import Kept, NotFunctional
from compat_saver.passes.control_flow.recorded_shapes import RecordedShapes, common_shape
from compat_saver.proto.messages import Message

_INT32, _VARIANT = dtypes.by_name("int32").number, dtypes.by_name("variant").number
_SHAPE_TYPE = type_attr(_INT32)
_SIZED = ("TensorArraySizeV3", "TensorListLength", "TensorArrayConcatV3", "TensorListConcatV2")


class TensorLists(Pass):
    """Makes every TensorArray whose flow puts its ops in order a TensorList.

    Args:
        shapes: what was recorded of the graph's tensors.
        without: arrays that are left as they are, known only once the pass is applied.

    Attributes:
        kept: what stayed as it was, in all graphs that the pass was applied to.
    """

    name = "tensor_lists"

    def __init__(self, shapes: RecordedShapes | None = None, without: Collection[Node] = ()) -> None:
        self._shapes = shapes or RecordedShapes()
        self._without = without
        self.kept: list[Kept] = []

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites the arrays, all ops of one at a time."""
        followed, kept = [], len(self.kept)
        for node in graph:
            if node.op == "TensorArrayV3" and node not in self._without:
                try:
                    followed.append(follow(node))
                except NotFunctional as error:
                    self.kept.append(Kept("TensorArray", node.name, str(error)))
        for found in followed:
            _Rewriter(graph, found, self._element_shape(found), self._shapes).rewrite()
        detail = "; ".join([f"{len(followed):,} arrays", *map(str, self.kept[kept:])])
        return Rewrite(self.name, len(followed), detail)

    def _element_shape(self, found: ArrayFlow) -> Shape:
        """Returns the shape of all elements: as it was declared, else what is recorded of all that is written."""
        declared = found.array.attr.shape("element_shape")
        if declared is not None:
            return declared
        return common_shape(map(self._written_shape, (node for node in found.users if node.op in WRITERS)))

    def _written_shape(self, writer: Node) -> Shape:
        if writer.op == "TensorArrayWriteV3":
            return self._shapes[writer.inputs[2]]
        rows = self._shapes[writer.inputs[2 if writer.op == "TensorArrayScatterV3" else 1]]
        if not rows:
            return None
        return rows[1:] if writer.op == "TensorArrayScatterV3" else (None, *rows[1:])


class _Rewriter:
    """Rewrites one array."""

    def __init__(self, graph: Graph, found: ArrayFlow, shape: Shape, shapes: RecordedShapes) -> None:
        self._graph = graph
        self._found = found
        self._shape = shape
        self._shapes = shapes
        self._dtype = found.array.attrs["dtype"]
        self._size = found.array.inputs[0]

    def rewrite(self) -> None:
        """Rewrites its ops, then what carries the flow, and takes out what carried the handle."""
        found = self._found
        array = found.array
        for use in found.starts:
            use.node.replace_input(use.position, array.output(1))
        for node in found.users:
            _REWRITES[node.op](self, node)
        for carrier in found.flow_carriers:
            carrier.op = HANDLE_CARRIERS[carrier.op].plain
            carrier.attrs = carrier.attrs | {"T": type_attr(_VARIANT)}
        self._graph.remove_all(found.carriers)
        array.output(1).replace_uses(array.output())
        array.set_inputs([self._element_shape(array), self._size])
        self._become(array, "TensorListReserve", shape_type=_SHAPE_TYPE)

    def _become(self, node: Node, op: str, **attrs: Message) -> None:
        node.op = op
        node.attrs = {"element_dtype": self._dtype, **attrs}

    def _element_shape(self, node: Node, *, rows: bool = False) -> Value:
        """Returns a constant of the shape of the elements; their first dimension is open where they differ in rows."""
        shape = self._shape
        if rows and shape:
            shape = (None, *shape[1:])
        sizes = -1 if shape is None else [-1 if size is None else size for size in shape]
        return Build(self._graph, node).constant(sizes, "int32")

    def _write(self, node: Node) -> None:
        _, index, item, flow = node.inputs
        node.set_inputs([flow, index, item])
        grows = self._found.array.attrs.get("dynamic_size")
        self._become(node, "TensorListSetItem", **({} if grows is None else {"resize_if_index_out_of_bounds": grows}))

    def _read(self, node: Node) -> None:
        _, index, flow = node.inputs
        node.set_inputs([flow, index])
        node.set_inputs([flow, index, self._element_shape(node)])
        self._become(node, "TensorListGetItem", Tshape=_SHAPE_TYPE)

    def _scatter(self, node: Node) -> None:
        _, indices, rows, flow = node.inputs
        if flow.node is self._found.array and self._are_all_rows(indices, rows):
            node.set_inputs([rows])
            node.set_inputs([rows, self._element_shape(node)])
            self._become(node, "TensorListFromTensor", shape_type=_SHAPE_TYPE)
        else:
            node.set_inputs([flow, rows, indices])
            self._become(node, "TensorListScatterIntoExistingList")

    def _are_all_rows(self, indices: Value, rows: Value) -> bool:
        """Whether the indices count the rows of a tensor, which are all that the array ever has to give."""
        count = range_end(indices)
        if count is None or not counts_rows(count, rows, self._shapes):
            return False
        # Of an array with more room than rows nothing else can be read, unless an op reads its size.
        is_asked = any(node.op in _SIZED for node in self._found.users)
        return same_count(self._size, count) or not (is_asked or self._found.array.attr.bool("dynamic_size"))

    def _gather(self, node: Node) -> None:
        _, indices, flow = node.inputs
        is_all = is_every_element(indices, flow)
        node.set_inputs([flow])
        shape = self._element_shape(node)
        if is_all:
            node.set_inputs([flow, shape])
            self._become(node, "TensorListStack", num_elements=int_attr(self._count()))
        else:
            node.set_inputs([flow, indices, shape])
            self._become(node, "TensorListGather")

    def _count(self) -> int:
        """Returns how many elements there are, -1 where only the run shows."""
        is_dynamic = self._found.array.attr.bool("dynamic_size")
        return -1 if is_dynamic else count_of(self._size, self._shapes, -1)

    def _concat(self, node: Node) -> None:
        _, flow = node.inputs
        node.set_inputs([flow])
        build = Build(self._graph, node)
        node.set_inputs([flow, self._element_shape(node, rows=True), build.constant([], "int64")])
        self._become(node, "TensorListConcatV2", shape_type=_SHAPE_TYPE)

    def _split(self, node: Node) -> None:
        _, rows, lengths, _ = node.inputs
        node.set_inputs([rows])
        node.set_inputs([rows, self._element_shape(node, rows=True), lengths])
        self._become(node, "TensorListSplit", shape_type=_SHAPE_TYPE)

    def _length(self, node: Node) -> None:
        node.op, node.attrs = "TensorListLength", {}
        node.set_inputs([node.inputs[1]])


_REWRITES: Mapping[str, Callable[[_Rewriter, Node], None]] = {
    "TensorArrayWriteV3": _Rewriter._write,
    "TensorArrayReadV3": _Rewriter._read,
    "TensorArrayScatterV3": _Rewriter._scatter,
    "TensorArrayGatherV3": _Rewriter._gather,
    "TensorArrayConcatV3": _Rewriter._concat,
    "TensorArraySplitV3": _Rewriter._split,
    "TensorArraySizeV3": _Rewriter._length,
}
