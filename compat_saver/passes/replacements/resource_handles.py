"""Ops that make or take the handle of a queue, a table, a reader, a stack or an accumulator."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
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


class ResourceHandles(OpReplacement):
    """Rewrites the old ops, and makes all that carries their handles carry a resource.

    Queues, readers, tables, stacks and accumulators with a reference as handle -> those with a resource.

    The old ops return a reference to a string, which no function accepts. The new ones take the same inputs in the same
    order and have the same attributes, so `container`, `shared_name` and `use_node_name_sharing` still determine which
    nodes mean the same object, and nodes keep their names for that. Three cases:

    1. Ops that make a handle: renamed, and all that carries the handle carries a resource.
    2. Ops that only use one: renamed.
    3. A Stack, which also takes its largest size now: -1, none.

    Barrier, SparseConditionalAccumulator and LMDBReader have no such form and are left unchanged.
    """

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


_STRING = dtypes.by_name("string").number
_SUFFIX = "\x00deleted"


class MutableDenseHashTable(OpReplacement):
    """Gives each table of the old signature its second key.

    MutableDenseHashTableV2 gets the key that it has needed since 1.13: the one that marks a removed entry.

    A table of an earlier release removes nothing, so any key will do that is neither the empty key nor one that
    is looked up, which is an error: for text the empty key with an addition, for numbers the lowest of the type,
    or the highest where the lowest is the empty key.

    Source: tensorflow/core/kernels/lookup_table_op.cc.
    """

    name = "deleted_key"
    ops: ClassVar = {"MutableDenseHashTableV2": "MutableDenseHashTableV2 with deleted_key"}
    lacking = (1,)

    def applies_to(self, node: Node) -> bool:
        """Rewrites tables with keys that are text or numbers."""
        dtype = dtypes.by_number(node.attr.type("key_dtype"))
        return dtype.number == _STRING or dtype.is_integer or dtype.is_floating

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one table."""
        (empty_key,) = node.inputs
        number = node.attr.type("key_dtype")
        key = _more_text(empty_key, build) if number == _STRING else _extreme_number(empty_key, number, build)
        node.set_inputs([empty_key, key])


def _more_text(empty_key: Value, build: Build) -> Value:
    return build("StringJoin", empty_key, build.constant(_SUFFIX, "string"), N=2, separator="")


def _extreme_number(empty_key: Value, number: int, build: Build) -> Value:
    """Returns the lowest number of a type, element by element the highest where the empty key is the lowest."""
    dtype = dtypes.by_number(number)
    limits = np.finfo(dtype.numpy) if dtype.is_floating else np.iinfo(dtype.numpy)
    lowest, highest = (build.constant(value, dtype.name) for value in (limits.min, limits.max))
    is_lowest = build("Equal", empty_key, lowest, T=type_attr(number))
    return build("SelectV2", is_lowest, highest, lowest, T=type_attr(number))
