"""Drops the names of custom gradients: the Python functions behind them are in no file.

`tf.custom_gradient` and `gradient_override_map` leave the attribute `_gradient_op_type` on an op. Forward nothing
changes; backward TensorFlow looks for a gradient of that name and raises, even for variables that lie elsewhere.
Without it each op has its own gradient again: the same numbers for tf.nn.swish and its like, others for a
straight-through estimator.
"""

from __future__ import annotations

from compat_saver.graph.ir import Graph
from compat_saver.graph.op_sets import CALL_OPS
from compat_saver.passes.base import Pass, Rewrite

_OVERRIDE = "_gradient_op_type"


class DropGradientOverrides(Pass):
    """Removes every override."""

    name = "drop_gradient_overrides"

    def apply(self, graph: Graph) -> Rewrite:
        """Removes them from every node."""
        overridden = [node for node in graph if node.attrs.pop(_OVERRIDE, None) is not None]
        # At a call it is TensorFlow's own bookkeeping: it names the gradient that TensorFlow makes of the function.
        dropped = [node for node in overridden if node.op not in CALL_OPS]
        return Rewrite(self.name, len(dropped), ", ".join(sorted({node.op for node in dropped})))
