"""MutableDenseHashTableV2 gets the key that it has needed since 1.13: the one that marks a removed entry.

A table of an earlier release removes nothing, so any key will do that is neither the empty key nor one that somebody
looks up, which is an error: for text the empty key with an addition, for numbers the lowest of the type, or the highest
where the lowest is the empty key.

Source: tensorflow/core/kernels/lookup_table_op.cc.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_STRING = dtypes.by_name("string").number
_SUFFIX = "\x00deleted"


class DeletedKey(Successor):
    """Gives each table of the old signature its second key."""

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
