"""Sets of ops that several parts of the package use; each set is defined here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

VARIABLE_OPS = ("Variable", "VariableV2")
"""The ops that make a reference variable: `Variable` up to TensorFlow 0.12, `VariableV2` since."""

HANDLE_OPS = ("VarHandleOp",)
"""The ops that make a resource variable."""

ANY_VARIABLE_OPS = (*VARIABLE_OPS, *HANDLE_OPS)
"""The ops that make a variable of either kind."""

ASSIGN_OPS = ("Assign", "AssignVariableOp")
"""The ops that set a variable; input 0 is the variable, input 1 the value."""

RESTORE_OPS = ("RestoreV2", "Restore", "RestoreSlice")
"""The ops that read a checkpoint."""

SAVE_OPS = ("SaveV2", "MergeV2Checkpoints", "Save", "SaveSlices")
"""The ops that write a checkpoint."""

PLACEHOLDER_OPS = ("Placeholder", "PlaceholderV2")
"""The ops that have no value unless they are fed."""

FEEDABLE_OPS = (*PLACEHOLDER_OPS, "PlaceholderWithDefault")
"""The ops that exist to be fed, with or without a default."""

PYTHON_OPS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
"""The ops that call a Python function, which no file holds."""

MUTABLE_TABLE_OPS = tuple(
    f"Mutable{kind}{version}"
    for kind in ("HashTable", "HashTableOfTensors", "DenseHashTable")
    for version in ("", "V2")
)
"""The ops that make a lookup table whose content the graph changes and a checkpoint holds."""

TABLE_OPS = ("HashTable", "HashTableV2", *MUTABLE_TABLE_OPS)
TABLE_FILLING_OPS = (
    *("InitializeTable", "InitializeTableV2", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2"),
    *("LookupTableImport", "LookupTableImportV2", "LookupTableInsert", "LookupTableInsertV2"),
)
"""The ops that make a lookup table."""

CALL_OPS = ("PartitionedCall", "StatefulPartitionedCall")
"""The ops that call the library function named by their attribute `f`."""

RANDOM_OP = re.compile(r"Random|Multinomial|TruncatedNormal|SampleDistortedBoundingBox")
"""Found in the names of all ops that draw random numbers, stateless ones included."""

# Control flow of TensorFlow 1: plain values, then references.
SWITCH_OPS = ("Switch", "RefSwitch")
MERGE_OPS = ("Merge", "RefMerge")
ENTER_OPS = ("Enter", "RefEnter")
EXIT_OPS = ("Exit", "RefExit")
NEXT_ITERATION_OPS = ("NextIteration", "RefNextIteration")


class HandleCarrier(NamedTuple):
    """How an op forwards a reference or a handle.

    Attributes:
        plain: the op's name when it forwards plain values.
        inputs: the inputs it forwards; None for every input.
        outputs: the outputs on which it forwards them.
    """

    plain: str
    inputs: tuple[int, ...] | None
    outputs: tuple[int, ...]


HANDLE_CARRIERS: Mapping[str, HandleCarrier] = {
    f"{prefix}{op}": HandleCarrier(op, inputs, outputs)
    for prefix in ("", "Ref")
    for op, inputs, outputs in (
        ("Identity", (0,), (0,)),
        ("Enter", (0,), (0,)),
        ("Exit", (0,), (0,)),
        ("Switch", (0,), (0, 1)),
        ("Merge", None, (0,)),
        ("NextIteration", (0,), (0,)),
    )
}
"""The ops through which a reference or a resource handle reaches its users unchanged."""

SAME_BUFFER_OPS = ("Identity", "StopGradient", "PreventGradient", "Reshape", "Squeeze", "ExpandDims", "Snapshot")
"""The ops beside the carriers whose output is the buffer of input 0."""

NUMBER_CARRIERS = (*("Identity", "StopGradient", "Cast", "Reshape", "Squeeze"), *ENTER_OPS, *SWITCH_OPS)
"""The ops whose outputs hold the numbers of input 0, perhaps in another type or shape, or on one of two branches."""
