"""Gives inputs a fixed value: `keep_prob`, `is_training`, and all that a served model must not ask for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.feed import feed


class BindInputs(Pass):
    """Makes all that reads a tensor read a constant instead.

    Args:
        values: tensor name -> its value, already of the tensor's dtype.
    """

    name = "bind_inputs"

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self._values = values

    def apply(self, graph: Graph) -> Rewrite:
        """Adds a constant per bound tensor."""
        for name, array in self._values.items():
            value = graph.value(name)
            number = dtypes.from_numpy(array.dtype).number
            constant = graph.add(
                "Const",
                graph.unique_name(f"{value.node.name}/bound"),
                attrs={"dtype": type_attr(number), "value": tensor_attr(array)},
                # A constant of a loop or a branch lies there by the nodes it waits for; so must the one in its place.
                control_inputs=value.node.control_inputs if value.node.op == "Const" else (),
            )
            feed(value, constant.output())
        return Rewrite(self.name, len(self._values), ", ".join(self._values))
