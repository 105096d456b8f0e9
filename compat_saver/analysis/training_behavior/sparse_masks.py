"""Finds sparse tensors of which a random mask keeps some elements: the dropout of graph convolutions.

tf.sparse_retain(x, mask) gathers the indices and the values where the mask is true. Two cases, where it is true with
the probability p:

1. The values are divided by p as well. Inference: x.
2. They are not. Inference: x with its values times p, the expected value.

Here p may be 1, for one that is bound to drop nothing: only the shape of the mask is left then, and what is fed for it.

Source: sparse_retain in python/ops/sparse_ops.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from compat_saver import dtypes
from compat_saver.analysis.serving.dropouts import probabilities_of_masks, retained_by
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.training_behavior.served import Served
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.inference.edits import Edit, ReadTensor, Scaled

_FACTORS = {
    "SparseDenseCwiseMul": (1, 3),
    "SparseDenseCwiseDiv": (1, 3),
    "Mul": (0, 1),
    "RealDiv": (0, 1),
    "Div": (0, 1),
}
"""Op -> which of its inputs are the values, and the factor or divisor."""
_CLOSE = 1e-4


def find_sparse_masks(served: Served) -> Iterator[Finding]:
    """Yields sparse tensors of which a mask of a constant probability keeps some elements."""
    for mask, threshold, grows in probabilities_of_masks(served.graph):
        number = scalar(threshold)
        gathers = [node for node in retained_by(mask) if node in served.forward]
        if number is not None and gathers:
            share = number if grows else 1 - number
            if 0 < share <= 1:
                yield _finding(served, mask, gathers, share)


def _finding(served: Served, mask: Node, gathers: list[Node], share: float) -> Finding:
    edits: list[Edit] = []
    became = "identity"
    for node in gathers:
        result, whole = node.output(), node.inputs[0]
        scaled = _divided_by(result, share)
        dtype = node.attr.type("Tparams")
        if scaled is None and share < 1 and dtypes.by_number(dtype).is_floating:
            became = f"the expected value, a factor of {share:g}"
            edits.append(served.redirect(result, Scaled(whole.name, share, dtype)))
        else:
            edits += [served.redirect(value, ReadTensor(whole.name)) for value in (result, scaled) if value is not None]
    confidence = "certain" if became == "identity" else "likely"
    return Finding("dropout", mask.name, became, "", (), confidence, tuple(edits), tuple(edits))


def _divided_by(values: Value, share: float) -> Value | None:
    """Returns the values that remain divided by the probability that they do."""
    for node, position in values.uses:
        place, other = _FACTORS.get(node.op, (None, 0))
        factor = scalar(node.inputs[other]) if position == place else None
        if factor and math.isclose(factor if "Mul" in node.op else 1 / factor, 1 / share, rel_tol=_CLOSE):
            return node.output()
    return None
