"""TensorArray of early releases, and tensor lists as TensorFlow 1.8 to 1.12 wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.passes.retype import retype_carriers

_OLD = ("", "V2")
_MAKERS = {f"TensorArray{verb}{old}": f"TensorArray{verb}V3" for verb in ("", "Grad") for old in _OLD}
_USERS = {
    f"TensorArray{verb}{old}": f"TensorArray{verb}V3"
    for verb in ("Write", "Read", "Gather", "Scatter", "Concat", "Split", "Size", "Close")
    for old in _OLD
}
_RESOURCE, _INT32 = dtypes.by_name("resource").number, dtypes.by_name("int32").number


class TensorArray(OpReplacement):
    """Rewrites the old ops, and makes all that carries their handles carry a resource.

    TensorArray, TensorArrayV2 -> TensorArrayV3: what dynamic_rnn of TensorFlow 0.12 and older writes.

    The old ops pass their handle as a string (V1 as a reference to one) and are deprecated at GraphDef versions 16 and
    26, so that no function may hold them. V3 passes a resource; its ops take the same inputs in the same order. Three
    cases:

    1. Ops that make a handle: renamed, and all that carries the handle carries a resource.
    2. Ops that only use one: renamed.
    3. V1's Pack and Unpack, which V3 does not have: Gather and Scatter with all indices.
    """

    name = "tensor_array_v3"
    ops: ClassVar = {
        **_MAKERS,
        **_USERS,
        "TensorArrayPack": "TensorArrayGatherV3",
        "TensorArrayUnpack": "TensorArrayScatterV3",
    }

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        if node.op in _MAKERS:  # case 1
            node.op = _MAKERS[node.op]
            retype_carriers(node.output(), _RESOURCE)
        elif node.op in _USERS:  # case 2
            node.op = _USERS[node.op]
        elif node.op == "TensorArrayPack":  # case 3
            _pack(node, build)
        else:
            _unpack(node, build)

    def ensures(self, graph: Graph) -> Iterator[str]:
        """No old op is left."""
        yield from (f"{node.name} is {node.op}" for node in graph if node.op in self.ops)


def _pack(node: Node, build: Build) -> None:
    """TensorArrayPack(handle, flow) -> TensorArrayGatherV3(handle, all indices, flow)."""
    handle, flow = node.inputs
    node.set_inputs([handle, _up_to(build, build("TensorArraySizeV3", handle, flow)), flow])
    node.op = "TensorArrayGatherV3"


def _unpack(node: Node, build: Build) -> None:
    """TensorArrayUnpack(handle, value, flow) -> TensorArrayScatterV3(handle, all indices, value, flow)."""
    handle, value, flow = node.inputs
    shape = build("Shape", value, T=node.attrs["T"], out_type=type_attr(_INT32))
    first = build.constant(0, "int32")
    rows = build("Gather", shape, first, Tparams=type_attr(_INT32), Tindices=type_attr(_INT32))
    node.set_inputs([handle, _up_to(build, rows), value, flow])
    node.op = "TensorArrayScatterV3"


def _up_to(build: Build, count: Value) -> Value:
    start, step = build.constant(0, "int32"), build.constant(1, "int32")
    return build("Range", start, count, step, Tidx=type_attr(_INT32))


_OPS = ("EmptyTensorList", "TensorListGather", "TensorListGetItem", "TensorListPopBack", "TensorListStack")


class TensorList(OpReplacement):
    """Gives each op of the old signature the input it lacks.

    Ops of tensor lists get the input they have had since 1.13 or so: a limit, or the shape of the elements.

    Each of them came to take one more int32 tensor, and -1 means what the op did before: for EmptyTensorList that the
    list may grow without limit, for the others that the shape is that of the elements found.

    Source: tensorflow/core/ops/list_ops.cc.
    """

    name = "tensor_list_inputs"
    ops: ClassVar = {
        op: "EmptyTensorList with max_num_elements" if op == "EmptyTensorList" else f"{op} with element_shape"
        for op in _OPS
    }
    lacking = (1,)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        node.set_inputs([*node.inputs, build.constant(-1, "int32")])
