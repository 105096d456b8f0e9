"""Adds the ops that read values from a checkpoint, and those that give them to variables and tables.

Source: tensorflow/core/ops/io_ops.cc, state_ops.cc, resource_variable_ops.cc and lookup_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import bool_attr, shape_attr, tensor_attr, type_attr, types_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import TABLE_OPS, VARIABLE_OPS

_STRING = dtypes.by_name("string").number


class Stored(NamedTuple):
    """A value of a checkpoint.

    Attributes:
        key: its name there.
        dtype: DT_* number.
        slice: the part of it that is meant, as in a SaverDef's `shape_and_slices`; "" for all of it.
    """

    key: str
    dtype: int
    slice: str = ""


def read_stored(graph: Graph, prefix: Value, wanted: Sequence[Stored]) -> list[Value]:
    """Adds one op that reads values from a checkpoint, and returns them in their order.

    Args:
        graph: the graph.
        prefix: the prefix of the checkpoint, a string scalar.
        wanted: the values; of none, nothing is added.
    """
    if not wanted:
        return []
    names = string_constant(graph, "RestoreV2/tensor_names", [item.key for item in wanted])
    slices = string_constant(graph, "RestoreV2/shape_and_slices", [item.slice for item in wanted])
    attrs = {"dtypes": types_attr(item.dtype for item in wanted)}
    node = graph.add("RestoreV2", graph.unique_name("RestoreV2"), [prefix, names, slices], attrs)
    return [node.output(index) for index in range(len(wanted))]


def assign(graph: Graph, variable: Value, value: Value, dtype: int) -> Node:
    """Adds the op that gives a variable a value.

    Args:
        graph: the graph.
        variable: output 0 of the variable's node: a reference or a resource handle.
        value: of a reference, its shape may differ from the declared one.
        dtype: DT_* number of the value.
    """
    name = graph.unique_name(f"{variable.node.name}/Assign")
    if variable.node.op in VARIABLE_OPS:
        attrs = {"T": type_attr(dtype), "validate_shape": bool_attr(False)}
        return graph.add("Assign", name, [variable, value], attrs)
    return graph.add("AssignVariableOp", name, [variable, value], {"dtype": type_attr(dtype)})


def assign_fed(graph: Graph, variable: Value, dtype: int) -> tuple[Value, Node]:
    """Adds the op that gives a variable a value that is fed, and returns the placeholder and the op.

    Args:
        graph: the graph.
        variable: output 0 of the variable's node.
        dtype: DT_* number of the value.
    """
    attrs = {"dtype": type_attr(dtypes.base(dtype)), "shape": shape_attr(None)}
    value = graph.add("Placeholder", graph.unique_name(f"{variable.node.name}/given"), attrs=attrs).output()
    return value, assign(graph, variable, value, dtype)


def import_table(graph: Graph, table: Value, keys: Value, values: Value, key_dtype: int, value_dtype: int) -> Node:
    """Adds the op that replaces the content of a table.

    Args:
        graph: the graph.
        table: the handle: a reference or a resource.
        keys: the keys.
        values: as many values.
        key_dtype: DT_* number of the keys.
        value_dtype: DT_* number of the values.
    """
    is_reference = table.node.op in TABLE_OPS and not table.node.op.endswith("V2")
    op = "LookupTableImport" if is_reference else "LookupTableImportV2"
    attrs = {"Tin": type_attr(key_dtype), "Tout": type_attr(value_dtype)}
    return graph.add(op, graph.unique_name(op), [table, keys, values], attrs)


def string_constant(graph: Graph, name: str, texts: bytes | list[str]) -> Value:
    """Adds a string constant, a scalar or a vector.

    Args:
        graph: the graph.
        name: of the node, a number added if it is taken.
        texts: its value.
    """
    attrs = {"dtype": type_attr(_STRING), "value": tensor_attr(np.array(texts, dtype=object))}
    return graph.add("Const", graph.unique_name(name), attrs=attrs).output()
