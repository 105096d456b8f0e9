"""Queues, readers, tables, stacks and accumulators whose handle is a reference -> those whose handle is a resource.

The old ops hand out a reference to a string, which no function may take. The new ones take the same inputs in the same
order and have the same attributes, so `container`, `shared_name` and `use_node_name_sharing` still say which nodes mean
the same object, and nodes keep their names for that. Three cases:

1. Ops that make a handle: renamed, and all that carries the handle carries a resource.
2. Ops that only use one: renamed.
3. A Stack, which also takes its largest size now: -1, none.

Barrier, SparseConditionalAccumulator and LMDBReader have no such form and are left standing.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor
from compat_saver.passes.retype import retype_carriers

_RESOURCE = dtypes.by_name("resource").number

_V2_MAKERS = (
    *("FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "RandomShuffleQueue"),
    *("FixedLengthRecordReader", "IdentityReader", "TFRecordReader", "TextLineReader", "WholeFileReader"),
    *("HashTable", "MutableDenseHashTable", "MutableHashTable", "MutableHashTableOfTensors"),
    "Stack",
)
_V2_USERS = (
    *(f"Queue{verb}" for verb in ("Close", "Dequeue", "DequeueMany", "DequeueUpTo")),
    *(f"Queue{verb}" for verb in ("Enqueue", "EnqueueMany", "IsClosed", "Size")),
    *(f"Reader{verb}" for verb in ("NumRecordsProduced", "NumWorkUnitsCompleted", "Read", "ReadUpTo")),
    *(f"Reader{verb}" for verb in ("Reset", "RestoreState", "SerializeState")),
    *(f"LookupTable{verb}" for verb in ("Export", "Find", "Import", "Insert", "Size")),
    *("InitializeTable", "InitializeTableFromTextFile"),
    *("StackClose", "StackPop", "StackPush"),
)
_ACCUMULATOR_USERS = tuple(
    f"Accumulator{verb}" for verb in ("ApplyGradient", "NumAccumulated", "SetGlobalStep", "TakeGradient")
)
_MAKERS = {**{op: f"{op}V2" for op in _V2_MAKERS}, "ConditionalAccumulator": "ResourceConditionalAccumulator"}
_USERS = {**{op: f"{op}V2" for op in _V2_USERS}, **{op: f"Resource{op}" for op in _ACCUMULATOR_USERS}}


class ResourceHandles(Successor):
    """Rewrites the old ops, and makes all that carries their handles carry a resource."""

    name = "resource_handles"
    ops: ClassVar = {**_MAKERS, **_USERS}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one op."""
        if node.op in _USERS:  # case 2
            node.op = _USERS[node.op]
            return
        if node.op == "Stack":  # case 3
            node.set_inputs([build.constant(-1, "int32")])
        node.op = _MAKERS[node.op]  # cases 1 and 3
        retype_carriers(node.output(), _RESOURCE)
