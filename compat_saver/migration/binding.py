"""Turns what `--bind` says into arrays of the right dtype."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import UsageError
from compat_saver.graph import Graph, OpCatalog, Value
from compat_saver.migration.signature import full_name

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def bound_values(graph: Graph, catalog: OpCatalog, requests: Mapping[str, object]) -> dict[str, np.ndarray]:
    """Returns full tensor name -> array, for values given as Python objects, arrays, or text from a command line.

    Raises:
        NameNotFoundError: no such tensor.
        UsageError: the value does not fit the tensor's dtype.
    """
    return {
        graph.value(full_name(name)).name: _as_array(graph.value(full_name(name)), catalog, value)
        for name, value in requests.items()
    }


def _as_array(value: Value, catalog: OpCatalog, given: object) -> np.ndarray:
    row = dtypes.by_number(catalog.type_of(value))
    try:
        if row.name == "bool" and isinstance(given, str):
            return np.array(_TRUTH[given.strip().lower()])
        if row.name == "string":
            text = given.encode() if isinstance(given, str) else given
            return np.array(text, dtype=object)
        if isinstance(given, str):
            given = int(given) if row.is_integer else complex(given) if row.is_complex else float(given)
        return np.asarray(given).astype(row.numpy, casting="same_kind" if row.is_integer else "unsafe")
    except (KeyError, ValueError, TypeError, OverflowError):
        raise UsageError(f"{given!r} is no value for {value.name!r}, which is {row.name}.") from None
