"""Finds noise that training adds to data or multiplies it with, and draws that inference replaces by the likeliest.

Cases, where the noise does not depend on the data and the other operand does:

1. x + noise around 0 of any scale: Gaussian noise layers, brightness, a sample of a normal distribution around x;
   Gumbel noise on logits, whose mean shifts all alike. Inference: x.
2. x * noise around 1: Gaussian dropout. Inference: x.
3. A draw from a categorical distribution. Inference: the most likely class.

Noise that is itself what a network starts from, as in a generator, stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.training_behavior.served import Served
from compat_saver.graph.ir import Node, Use, Value
from compat_saver.graph.op_sets import NUMBER_CARRIERS
from compat_saver.passes.inference.edits import MostLikely, ReadTensor, Redirect, UseConstant

_NORMAL = ("RandomStandardNormal", "TruncatedNormal", "StatelessRandomNormal", "StatelessTruncatedNormal")
_UNIFORM = ("RandomUniform", "StatelessRandomUniform")
_NO_SHIFT = 1e-6
_SUMS = ("Add", "AddV2")
_SCALED = ("Mul", "Div", "RealDiv", "Neg", "Log", "Exp", "Sqrt", "Square", "Softplus")
"""The ops after which noise is still noise; the logarithms make Gumbel noise of uniform numbers."""


def find_noise(served: Served) -> Iterator[Finding]:
    """Yields noise on data and draws from distributions."""
    for node in served.graph:
        if node not in served.forward:
            continue
        if node.op in (*_NORMAL, *_UNIFORM):
            yield from _from_draw(served, node)
        elif node.op == "Multinomial" and len(node.inputs) == 2 and scalar(node.inputs[1]) == 1:
            yield _sampler(served, node)


def _from_draw(served: Served, drawn: Node) -> Iterator[Finding]:
    """Follows random numbers to where they meet data."""
    is_normal = drawn.op in _NORMAL
    pending: list[tuple[Value, float | None]] = [(drawn.output(), 0.0 if is_normal else 0.5)]
    seen = set[Value]()
    while pending:
        value, mean = pending.pop()
        seen.add(value)
        for use in served.readers(value):
            finding = _meeting(served, use, value, mean)
            if finding is not None:
                yield finding
            elif _is_still_noise(served, use):
                output = use.node.output()
                if output not in seen:
                    pending.append((output, _mean_after(use, mean)))


def _meeting(served: Served, use: Use, noise: Value, mean: float | None) -> Finding | None:
    """Returns a finding where noise and data meet; None elsewhere."""
    node = use.node
    if len(node.inputs) != 2:
        return None
    other = node.inputs[1 - use.position]
    if not served.is_data(other):
        return None
    is_around_zero = mean is not None and abs(mean) < _NO_SHIFT
    if is_around_zero and (node.op in _SUMS or (node.op == "Sub" and use.position == 1)):
        return _removed(served, node, other, noise, use.position, 0.0)
    if node.op == "Mul" and mean is not None and math.isclose(mean, 1):
        return _removed(served, node, other, noise, use.position, 1.0)
    return None


def _removed(served: Served, node: Node, kept: Value, noise: Value, position: int, neutral: float) -> Finding:
    result = node.output()
    edit = served.redirect(result, ReadTensor(kept.name))
    dtype = dtypes.by_number(node.attr.type("T")).numpy
    reference = Redirect(noise.name, UseConstant(np.array(neutral, dtype)), ((node.name, position),))
    what = "random noise" if neutral == 0 else "random factor"
    return Finding(what, node.name, "identity", confidence="likely", edits=(edit,), reference_edits=(reference,))


def _is_still_noise(served: Served, use: Use) -> bool:
    node = use.node
    if node.op in NUMBER_CARRIERS:
        return use.position == 0
    if node.op in _SCALED:
        return True
    # Shifted by a constant, as random_normal does by its mean; anything else that is added is data or a threshold.
    return node.op in (*_SUMS, "Sub") and scalar(node.inputs[1 - use.position]) is not None


def _mean_after(use: Use, mean: float | None) -> float | None:
    """Returns the mean after one op more; None where it is not known."""
    node, position = use
    if node.op == "Log":
        return 0.0  # of Gumbel noise: the same shift for every class
    if mean is None or node.op in NUMBER_CARRIERS:
        return mean
    other = scalar(node.inputs[1 - position]) if len(node.inputs) == 2 else None
    if node.op in _SUMS and other is not None:
        return mean + other
    if node.op == "Mul":
        return 0.0 if mean == 0 else (mean * other if other is not None else None)
    if node.op == "Neg":
        return -mean
    return 0.0 if mean == 0 and node.op in ("Div", "RealDiv") else None


def _sampler(served: Served, node: Node) -> Finding:
    logits, result = node.inputs[0], node.output()
    source = MostLikely(logits.name, node.attr.type("T"), node.attr.type("output_dtype") or _INT64)
    edit = served.redirect(result, source)
    return Finding(
        "sampler", node.name, "the most likely class", confidence="likely", edits=(edit,), reference_edits=(edit,)
    )


_INT64 = dtypes.by_name("int64").number
