"""TensorArray, TensorArrayV2 -> TensorArrayV3: what dynamic_rnn of TensorFlow 0.12 and older writes.

The old ops pass their handle as a string (V1 as a reference to one) and are deprecated at GraphDef versions 16 and 26,
so that no function may hold them. V3 passes a resource; its ops take the same inputs in the same order. Three cases:

1. Ops that make a handle: renamed, and all that carries the handle carries a resource.
2. Ops that only use one: renamed.
3. V1's Pack and Unpack, which V3 does not have: Gather and Scatter with all indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor
from compat_saver.passes.retype import retype_carriers

_OLD = ("", "V2")
_MAKERS = {f"TensorArray{verb}{old}": f"TensorArray{verb}V3" for verb in ("", "Grad") for old in _OLD}
_USERS = {
    f"TensorArray{verb}{old}": f"TensorArray{verb}V3"
    for verb in ("Write", "Read", "Gather", "Scatter", "Concat", "Split", "Size", "Close")
    for old in _OLD
}
_RESOURCE, _INT32 = dtypes.by_name("resource").number, dtypes.by_name("int32").number


class TensorArrayV3(Successor):
    """Rewrites the old ops, and makes all that carries their handles carry a resource."""

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
