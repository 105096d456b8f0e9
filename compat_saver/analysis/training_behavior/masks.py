"""Finds multiplications by a random mask with a constant probability: dropout in all its forms, stochastic depth.

A mask M is 1 with the probability p, else 0. Four cases, by what the graph makes of it:

1. x * s * M with p * s = 1, in any order of the factors: inverted dropout. Inference: x.
2. x * M without such a factor: stochastic depth, or dropout of the first kind. Inference: x * p, the expected value.
3. (x * M + c * (1 - M)) * a + b: alpha dropout (Klambauer et al., 2017). Inference: x.
4. Select(M, x, 0): as x * M.

5. A cuDNN network has a dropout of its own between its layers, while its is_training is true. Inference: false.

Where p is computed and not fed, as one that changes with the step, only cases 1 and 3 can be told.

Sources: dropout and dropout_v2 in python/ops/nn_ops.py, alpha_dropout in contrib/nn, AlphaDropout in python/keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.serving.dropouts import is_zero, probabilities_of_masks
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.scalars import computed_leaves, scalar
from compat_saver.analysis.training_behavior.served import Served
from compat_saver.graph.ir import Node, Use, Value
from compat_saver.graph.op_sets import NUMBER_CARRIERS
from compat_saver.passes.inference.edits import ReadTensor, Redirect, Scaled, SetFlag, UseConstant

_DIVISIONS = ("Div", "RealDiv")
_SUMS = ("Add", "AddV2")
_SELECTS = ("Select", "SelectV2")
_IDENTITY = "identity"
_CUDNN = "CudnnRNN"
_CLOSE = 1e-4
_ASSUMED = (0.37, 0.61)
_STEP = 0.0713
_Numbers = Mapping[Value, float]


@dataclass(frozen=True)
class _Masked:
    """A product of a mask and something else.

    Attributes:
        node: the op that joins them.
        kept: what is multiplied.
        position: where the mask is among the inputs.
        expected: the mean of what the mask has become up to there.
        assumed: computed value -> the number that stands for it.
    """

    node: Node
    kept: Value
    position: int
    expected: float
    assumed: _Numbers


def find_masks(served: Served) -> Iterator[Finding]:
    """Yields dropouts, alpha dropouts and products with random masks of a constant probability."""
    for node in served.graph:
        if node in served.forward and node.op.startswith(_CUDNN) and _drops(node):
            edit = SetFlag(node.name, "is_training", False)
            yield Finding("dropout", node.name, "is_training=False", edits=(edit,), reference_edits=(edit,))
    for mask, threshold, grows in probabilities_of_masks(served.graph):
        if mask in served.on_chance:
            yield from _of_mask(served, mask, threshold, grows=grows)


def _drops(node: Node) -> bool:
    return "dropout" in node.attrs and node.attrs["dropout"].f > 0 and node.attr.bool("is_training", default=True)


def _of_mask(served: Served, mask: Node, threshold: Value, *, grows: bool) -> Iterator[Finding]:
    if scalar(threshold) is not None:
        yield from _findings(served, mask, threshold, {}, grows=grows)
        return
    leaves = computed_leaves(threshold)
    if any(served.is_data(leaf) or leaf.node in served.on_chance for leaf in leaves):
        return  # what is fed is an input, or one that is fixed
    # What is the identity whatever the numbers are, is so for those that the graph will compute.
    first, second = (
        _findings(
            served, mask, threshold, {leaf: number + _STEP * index for index, leaf in enumerate(leaves)}, grows=grows
        )
        for number in _ASSUMED
    )
    known = {item.node for item in second if item.became == _IDENTITY}
    for item in first:
        if item.node in known and item.became == _IDENTITY:
            yield replace(item, reference_edits=item.edits)


def _findings(served: Served, mask: Node, threshold: Value, assumed: _Numbers, *, grows: bool) -> Iterator[Finding]:
    number = scalar(threshold, assumed)
    if number is not None and (assumed or 0 < number < 1):
        for masked in _products(mask.output(), number if grows else 1 - number, assumed):
            if masked.node in served.forward:
                yield _finding(served, masked)


def _products(mask: Value, expected: float, assumed: _Numbers) -> Iterator[_Masked]:
    """Yields where a mask, perhaps negated or scaled by constants, is multiplied with something that is no constant."""
    pending, seen = [(mask, expected)], set[Value]()
    while pending:
        value, mean = pending.pop()
        seen.add(value)
        for node, position in value.uses:
            step = _step(node, position, mean, assumed)
            if isinstance(step, _Masked):
                yield step
            elif step is not None and node.output() not in seen:
                pending.append((node.output(), step))


def _step(node: Node, position: int, mean: float, assumed: _Numbers) -> _Masked | float | None:
    """Returns the mean of a mask that an op only scales, the product where it is applied, or None for another use."""
    if node.op in NUMBER_CARRIERS and position == 0:
        return mean
    if node.op == "LogicalNot":
        return 1 - mean
    if node.op in _SELECTS and len(node.inputs) == 3 and position == 0:
        return _select(node, mean, assumed)
    if len(node.inputs) != 2:
        return None
    other = node.inputs[1 - position]
    factor = scalar(other, assumed)
    if node.op == "Sub" and position == 1 and factor == 1:
        return 1 - mean
    if node.op == "Mul":
        return _Masked(node, other, position, mean, assumed) if factor is None else mean * factor
    if node.op in _DIVISIONS and position == 0 and factor:
        return mean / factor
    return None


def _select(node: Node, mean: float, assumed: _Numbers) -> _Masked | float | None:
    """Returns what a choice between something and zeros makes of a mask; ones and zeros are the mask again."""
    for kept, zeros, probability in ((1, 2, mean), (2, 1, 1 - mean)):
        if is_zero(node.inputs[zeros]):
            number = scalar(node.inputs[kept], assumed)
            return _Masked(node, node.inputs[kept], 0, probability, assumed) if number is None else probability * number
    return None


def _finding(served: Served, masked: _Masked) -> Finding:
    alpha = _alpha_dropout(served, masked)
    if alpha is not None:
        return alpha
    for result, source, scale in _scaled(masked):
        if math.isclose(masked.expected * scale, 1, rel_tol=_CLOSE):
            edit = served.redirect(result, ReadTensor(source.name))
            return _found("dropout", masked, _IDENTITY, edit, "certain")
    result, dtype = masked.node.output(), masked.node.attr.type("T")
    if not dtypes.by_number(dtype).is_floating:  # ids that are replaced by zeros have no expected value
        return _found("random mask", masked, _IDENTITY, served.redirect(result, ReadTensor(masked.kept.name)), "likely")
    edit = served.redirect(result, Scaled(masked.kept.name, masked.expected, dtype))
    became = f"the expected value, a factor of {masked.expected:g}"
    return _found("random mask", masked, became, edit, "likely")


def _found(what: str, masked: _Masked, became: str, edit: Redirect, confidence: str) -> Finding:
    """Returns a finding; the reference run multiplies by the expected value of the mask instead."""
    is_scaled = masked.node.op not in _SELECTS and dtypes.by_number(masked.node.attr.type("T")).is_floating
    reference = _expected(masked) if is_scaled else edit
    return Finding(what, masked.node.name, became, "", (), confidence, (edit,), (reference,))


def _scaled(masked: _Masked) -> Iterator[tuple[Value, Value, float]]:
    """Yields (result, what it is computed from, constant factor between them): from the least to the most around."""
    product = masked.node.output()
    yield product, masked.kept, 1.0
    inner = _unscaled(masked.kept, masked.assumed)
    if inner is not None:
        yield product, *inner
    for use in product.uses:
        factor = _factor(use, masked.assumed)
        if factor is not None:
            yield use.node.output(), masked.kept, factor


def _unscaled(value: Value, assumed: _Numbers) -> tuple[Value, float] | None:
    """Returns what a product with a constant was made of, and the constant."""
    for position, item in enumerate(value.node.inputs):
        factor = _factor(Use(value.node, position), assumed)
        if factor is not None:
            return item, factor
    return None


def _factor(use: Use, assumed: _Numbers) -> float | None:
    """Returns the constant that an op multiplies one of its inputs by; None for another op."""
    node, position = use
    if len(node.inputs) != 2 or node.op not in ("Mul", *_DIVISIONS):
        return None
    other = scalar(node.inputs[1 - position], assumed)
    if node.op == "Mul":
        return other
    return 1 / other if position == 0 and other else None


def _expected(masked: _Masked) -> Redirect:
    """Returns the edit that multiplies by the expected value in place of the mask."""
    node = masked.node
    dtype = dtypes.by_number(node.attr.type("T")).numpy
    expected = UseConstant(np.array(masked.expected, dtype))
    return Redirect(node.inputs[masked.position].name, expected, ((node.name, masked.position),))


def _alpha_dropout(served: Served, masked: _Masked) -> Finding | None:
    """Returns the finding if units are replaced by a constant where they are dropped, and then scaled and shifted."""
    for total in _readers(masked.node.output(), _SUMS):
        for scaled in _readers(total.output(), ("Mul",)):
            for shifted in _readers(scaled.output(), _SUMS):
                others = [_other(total, masked.node), _other(scaled, total), _other(shifted, scaled)]
                numbers = [scalar(item, masked.assumed) for item in others[1:]]
                is_alpha = _is_filling(served, others[0]) and None not in numbers
                if is_alpha:
                    result = shifted.output()
                    edit = served.redirect(result, ReadTensor(masked.kept.name))
                    return Finding("alpha dropout", masked.node.name, _IDENTITY, edits=(edit,), reference_edits=(edit,))
    return None


def _readers(value: Value, ops: tuple[str, ...]) -> Iterator[Node]:
    return (use.node for use in value.uses if use.node.op in ops and len(use.node.inputs) == 2)


def _other(node: Node, known: Node) -> Value:
    return node.inputs[1] if node.inputs[0].node is known else node.inputs[0]


def _is_filling(served: Served, value: Value) -> bool:
    """Whether a value is random, and made of constants otherwise: what stands where units were dropped."""
    return served.is_noise(value) and value.node.op == "Mul"
