"""How large an integer input may be before it indexes past a table."""

from __future__ import annotations

from compat_saver.analysis.origins import origin
from compat_saver.graph import Value
from compat_saver.graph.attributes import Shape

# Ops that hand their first input's elements on, reshaped or converted at most.
_CARRIERS = frozenset(
    [
        "Identity",
        "Reshape",
        "ExpandDims",
        "Squeeze",
        "Cast",
        "Transpose",
        "Tile",
        "Enter",
        "Switch",
        "Unique",
        "Pack",
        "ConcatV2",
        "StridedSlice",
        "Slice",
    ]
)
_GATHERS = ("Gather", "GatherV2", "ResourceGather")


def index_bound(value: Value) -> int | None:
    """Returns the size of the smallest table that the elements of `value` index; None if none is known.

    Followed through reshapes, casts and the like to Gather ops whose table is a variable or a constant.
    """
    bounds = []
    seen = {value}
    pending = [value]
    while pending:
        for user, index in pending.pop().uses:
            if user.op in _GATHERS and index == 1:
                bounds.append(_rows(user.inputs[0]))
            elif user.op in _CARRIERS:
                for copy in user.used_outputs:
                    if copy not in seen:
                        seen.add(copy)
                        pending.append(copy)
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None


def _rows(table: Value) -> int | None:
    node = origin(table, ("Identity", "ReadVariableOp", "Enter")).node
    shape: Shape = None
    if node.op == "VarHandleOp":
        shape = node.attr.shape("shape")
    elif node.op == "Const":
        tensor = node.attr.tensor("value")
        shape = tuple(dim.size for dim in tensor.tensor_shape.dim) if tensor is not None else None
    return shape[0] if shape else None
