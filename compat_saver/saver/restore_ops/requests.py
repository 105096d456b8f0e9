"""What a saver in a TensorFlow graph reads from a checkpoint, and the ops through which it assigns that.

A saver's restore op depends on assignments of what RestoreV2 ops read; their names, slices and dtypes are constants of
the graph. Feeding the outputs of these ops fills the variables through the saver's own assignments, with values from
anywhere, and adds nothing to a graph that may be finalized.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from compat_saver import _tensorflow, dtypes
from compat_saver.analysis.values.weights import Part
from compat_saver.bundle import parse_shape_and_slice
from compat_saver.errors import UsageError
from compat_saver.graph.attributes import Shape, shape_from_message
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, ASSIGN_OPS, RESTORE_OPS
from compat_saver.saver.matching.fit import Wanted

_UNCHANGED = {"Identity", "Reshape"}
"""Ops after which a value has the type, and the number of elements, that it has in the checkpoint."""


@dataclass(frozen=True)
class Request:
    """One value that a saver reads, and what it does with it.

    Attributes:
        wanted: the variable; for the keys of a table or another object, its name in the checkpoint.
        value: the output of the restore op, a tf.Tensor.
        users: the ops that assign it: an Assign, the import of a table.
    """

    wanted: Wanted
    value: Any
    users: tuple[Any, ...]


def requests_of(graph: Any, restore_op: str) -> list[Request]:
    """Returns everything that a saver reads, in the order of its ops.

    Args:
        graph: the tf.Graph.
        restore_op: name of the saver's restore op.

    Raises:
        UsageError: the names that it restores are not constants.
    """
    users: dict[str, list[_Use]] = {}
    readers: dict[str, Any] = {}
    for op in _placing(graph.get_operation_by_name(restore_op.partition(":")[0])):
        for value, between in _read_for(op):
            readers[value.op.name] = value.op
            users.setdefault(value.name, []).append(_Use(op, between))
    found = []
    for _, reader in sorted(readers.items()):
        keys = _texts(reader.inputs[1])
        specs = _texts(reader.inputs[2]) if len(reader.inputs) > 2 else []
        for index, key in enumerate(keys):
            value = reader.outputs[index]
            found.append(_request(value, key, specs[index] if specs else "", users.get(value.name, [])))
    return found


@dataclass(frozen=True)
class _Use:
    """An op that assigns a value, and the types of the ops that the value passes on the way to it."""

    op: Any
    between: frozenset[str]


def _placing(root: Any) -> Iterator[Any]:
    """Yields the ops that a restore op depends on, each once; NoOps that only group others are skipped."""
    seen, queue = {root.name}, [root]
    while queue:
        op = queue.pop()
        if op.type != "NoOp":
            yield op
            continue
        for before in op.control_inputs:
            if before.name not in seen:
                seen.add(before.name)
                queue.append(before)


def _read_for(op: Any) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yields the values of a checkpoint that reach an op, each with the types of the ops in between."""
    queue: list[tuple[Any, frozenset[str]]] = [(value, frozenset()) for value in op.inputs]
    seen = set()
    while queue:
        value, between = queue.pop()
        if value.op.type in RESTORE_OPS:
            yield value, between
        elif value.name not in seen:
            seen.add(value.name)
            queue.extend((before, between | {value.op.type}) for before in value.op.inputs)


def _texts(value: Any) -> list[str]:
    constant = _tensorflow.tensorflow().get_static_value(value)
    if constant is None:
        raise UsageError(f"{value.name}: the names that the saver restores are not constants of the graph.")
    return [item.decode("utf-8", "surrogateescape") for item in constant.reshape(-1)]


def _request(value: Any, key: str, spec: str, uses: Sequence[_Use]) -> Request:
    part = Part(*parse_shape_and_slice(spec)) if spec else None
    dtype = dtypes.base(value.dtype.base_dtype.as_datatype_enum)
    users = tuple(use.op for use in uses)
    assigned = next((use for use in uses if use.op.type in ASSIGN_OPS and use.between <= _UNCHANGED), None)
    variable = None if assigned is None else assigned.op.inputs[0].op
    if assigned is None or variable is None or variable.type not in ANY_VARIABLE_OPS:
        return Request(Wanted(key, dtype, None, (key,), part), value, users)
    shape = part.shape if part is not None else _shape(variable)
    return Request(Wanted(variable.name, dtype, shape, (key,), part, "Reshape" in assigned.between), value, users)


def _shape(variable: Any) -> Shape:
    shape = shape_from_message(variable.get_attr("shape"))
    return None if shape == () and variable.type == "Variable" else shape


def assignments(requests: Sequence[Request], filled: Sequence[Request]) -> list[Any]:
    """Returns the assigning ops whose values are all available.

    Args:
        requests: everything that the saver reads.
        filled: those whose values are available.
    """
    there = {request.value.name for request in filled}
    absent = {op.name for request in requests if request.value.name not in there for op in request.users}
    found = {op.name: op for request in filled for op in request.users if op.name not in absent}
    return list(found.values())
