"""Reads the values of Const nodes."""

from __future__ import annotations

import numpy as np

from compat_saver.analysis.origins import origin
from compat_saver.graph.ir import Value
from compat_saver.proto.tensors import to_array


def constant_value(value: Value) -> np.ndarray | None:
    """Returns the array of a Const, looked at through Identity nodes; None if it is computed some other way."""
    node = origin(value, ("Identity",)).node
    tensor = node.attr.tensor("value") if node.op == "Const" else None
    return None if tensor is None else to_array(tensor)
