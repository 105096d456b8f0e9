"""What a saver in a TensorFlow graph asks of a checkpoint, and how to give it.

A saver's restore op waits for assignments of what RestoreV2 ops read; their names, slices and dtypes are constants of
the graph. Whoever feeds the outputs of these ops fills the variables through the saver's own assignments, from wherever
the values come, and adds nothing to a graph that may be finalized.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from compat_saver import _tensorflow, dtypes
from compat_saver.analysis.values.initialisers import ASSIGN_OPS, RESTORE_OPS
from compat_saver.analysis.values.weights import HANDLE_OPS, Part
from compat_saver.bundle import parse_shape_and_slice
from compat_saver.errors import UsageError
from compat_saver.graph.attributes import Shape
from compat_saver.passes.ref_counterparts import VARIABLE_OPS
from compat_saver.saver.fit import Wanted

_BETWEEN = ("Identity", "Reshape", "Cast")


@dataclass(frozen=True)
class Request:
    """One value that a saver reads, and what it does with it.

    Attributes:
        wanted: the variable; for a table's keys or another object the name that the checkpoint has for it.
        value: the output of the restore op, a tf.Tensor.
        users: the ops that put it where it belongs: an Assign, the import of a table.
    """

    wanted: Wanted
    value: Any
    users: tuple[Any, ...]


def requests_of(graph: Any, restore_op: str) -> list[Request]:
    """Returns everything that a saver asks for, in the order of its ops.

    Args:
        graph: the tf.Graph.
        restore_op: name of the saver's restore op.
    """
    found = []
    for op in _restoring(graph.get_operation_by_name(restore_op.partition(":")[0])):
        keys = _texts(op.inputs[1])
        specs = _texts(op.inputs[2]) if len(op.inputs) > 2 else []
        for index, key in enumerate(keys):
            found.append(_request(op.outputs[index], key, specs[index] if index < len(specs) else ""))
    return found


def _restoring(root: Any) -> Iterator[Any]:
    """Yields the ops that read a checkpoint for another op, by their names."""
    seen, queue = {root.name: root}, [root]
    while queue:
        op = queue.pop()
        for before in (*op.control_inputs, *(value.op for value in op.inputs)):
            if before.name not in seen:
                seen[before.name] = before
                queue.append(before)
    yield from (op for name, op in sorted(seen.items()) if op.type in RESTORE_OPS)


def _texts(value: Any) -> list[str]:
    constant = _tensorflow.tensorflow().get_static_value(value)
    if constant is None:
        raise UsageError(f"{value.name}: the names that the saver restores are computed while it runs.")
    return [item.decode("utf-8", "surrogateescape") for item in constant.reshape(-1)]


def _request(value: Any, key: str, spec: str) -> Request:
    part = Part(*parse_shape_and_slice(spec)) if spec else None
    users, between = _users(value)
    dtype = dtypes.base(value.dtype.base_dtype.as_datatype_enum)
    variable = next((op.inputs[0].op for op in users if op.type in ASSIGN_OPS), None)
    if variable is None or variable.type not in (*VARIABLE_OPS, *HANDLE_OPS):
        return Request(Wanted(key, dtype, None, (key,), part), value, users)
    shape = part.shape if part is not None else _shape(variable)
    return Request(Wanted(variable.name, dtype, shape, (key,), part, "Reshape" in between), value, users)


def _users(value: Any) -> tuple[tuple[Any, ...], set[str]]:
    """Returns the ops that use a value, and the kinds of ops that it passes on the way to them."""
    users, between, queue = [], set(), [value]
    while queue:
        for op in queue.pop().consumers():
            if op.type in _BETWEEN:
                between.add(op.type)
                queue.extend(op.outputs)
            else:
                users.append(op)
    return tuple(users), between


def _shape(variable: Any) -> Shape:
    shape = _tensorflow.tensorflow().TensorShape(variable.get_attr("shape"))
    if shape.rank is None or (shape.rank == 0 and variable.type == "Variable"):
        return None
    return tuple(shape.as_list())


def assignments(requests: Sequence[Request], filled: Sequence[Request]) -> list[Any]:
    """Returns the ops that need nothing but values that are there.

    Args:
        requests: everything that the saver asks for.
        filled: those whose values are there.
    """
    there = {request.value.name for request in filled}
    absent = {op.name for request in requests if request.value.name not in there for op in request.users}
    found = {op.name: op for request in filled for op in request.users if op.name not in absent}
    return list(found.values())
