"""Finds random augmentation of images: crops, flips, and changes of color.

1. A crop at a random offset becomes the central one; one of a random size becomes the whole image.
2. A random choice between an image and a transformed one (flipped, rotated, ...) becomes the image.
3. A color adjusted by a random amount stays as it is; old releases adjust hue and saturation by plain ops in HSV.
4. A random blend of a batch with the same batch in a random order (mixup) becomes the batch.

Source: tensorflow/python/ops/image_ops_impl.py and random_crop in random_ops.py, in releases 0.12 to 1.15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.serving.dropouts import carried
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.training_behavior.served import Served
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.inference.edits import Centered, ReadTensor, UseConstant

_OFFSETS = ("FloorMod", "Mod")
_ADJUSTMENTS = ("AdjustContrast", "AdjustContrastv2", "AdjustHue", "AdjustSaturation")
_TRANSFORMS = ("Reverse", "ReverseV2", "Transpose", "AdjustContrastv2", "AdjustHue", "AdjustSaturation")
_GATHERS = ("Gather", "GatherV2", "RandomShuffle")
_DISTORTED_BOX = re.compile(r"SampleDistortedBoundingBox(V2)?")
_IN_HSV = (
    *(
        "ConcatV2",
        "Concat",
        "Pack",
        "Slice",
        "StridedSlice",
        "Split",
        "SplitV",
        "Unpack",
        "Identity",
        "FloorMod",
        "Mod",
    ),
    *("Mul", "Add", "AddV2", "Sub", "Minimum", "Maximum", "ClipByValue"),
)
_SUMS = ("Add", "AddV2")
_SELECTS = ("Select", "SelectV2")
_DEEPEST = 12


def find_augmentations(served: Served) -> Iterator[Finding]:
    """Yields what changes images at random."""
    for node in served.graph:
        if node not in served.forward:
            continue
        if _DISTORTED_BOX.fullmatch(node.op):
            yield _whole_image(served, node)
        elif (finding := _augmentation(served, node)) is not None:
            yield finding


def _augmentation(served: Served, node: Node) -> Finding | None:
    if node.op in _OFFSETS and dtypes.by_number(node.attr.type("T")).name in ("int32", "int64"):
        drawn, limit = node.inputs
        if served.is_noise(drawn):
            source = Centered(limit.name, node.attr.type("T"))
            return _found(served, "random crop", node.output(), source, "the central crop")
    elif node.op in _ADJUSTMENTS and len(node.inputs) == 2 and served.is_noise(node.inputs[1]):
        return _found(served, "random color", node.output(), ReadTensor(node.inputs[0].name), "identity")
    elif node.op == "HSVToRGB" and (image := _adjusted_in_hsv(served, node.inputs[0])) is not None:
        return _found(served, "random color", node.output(), ReadTensor(image.name), "identity")
    chosen = _chosen_at_random(served, node)
    if chosen is None:
        return None
    return _found(served, "random transform", node.output(), ReadTensor(chosen.name), "identity")


def _found(served: Served, what: str, result: Value, source: Centered | ReadTensor, became: str) -> Finding:
    edit = served.redirect(result, source)
    return Finding(what, result.node.name, became, edits=(edit,), reference_edits=(edit,))


def _whole_image(served: Served, node: Node) -> Finding:
    """Returns the finding of an op that draws a box within an image: (its begin, its size, itself as fractions)."""
    begin = np.zeros(3, dtypes.by_number(node.attr.type("T")).numpy)
    edits = (
        served.redirect(node.output(0), UseConstant(begin)),
        served.redirect(node.output(1), ReadTensor(node.inputs[0].name)),
        served.redirect(node.output(2), UseConstant(np.array([[[0, 0, 1, 1]]], np.float32))),
    )
    return Finding("random crop", node.name, "the whole image", confidence="likely", edits=edits, reference_edits=edits)


def _adjusted_in_hsv(served: Served, value: Value) -> Value | None:
    """Returns the image whose hue, saturation and value were changed by random amounts; None for anything else."""
    images, is_random = set[Value](), False
    pending, seen = [value], set[Value]()
    while pending:
        item = pending.pop()
        if item in seen:
            continue
        seen.add(item)
        if item.node.op == "RGBToHSV":
            images.add(item.node.inputs[0])
        elif served.is_noise(item):
            is_random = True
        elif item.node.op in _IN_HSV:
            pending += item.node.inputs
        elif served.is_data(item):
            return None
    return images.pop() if is_random and len(images) == 1 else None


def _chosen_at_random(served: Served, node: Node) -> Value | None:
    """Returns the image of a random choice between that and the image transformed; None for any other node."""
    if node.op in _SELECTS and len(node.inputs) == 3 and served.is_noise(node.inputs[0]):
        return _untransformed(*node.inputs[1:])
    if node.op == "Merge" and len(node.inputs) == 2:
        predicates = [_predicate(value) for value in node.inputs]
        if all(item is not None and served.is_noise(item) for item in predicates):
            return _untransformed(*node.inputs)
    if node.op in _SUMS:
        return _blended(served, node)
    return None


def _predicate(branch: Value) -> Value | None:
    """Returns the predicate of the first Switch that a branch came through."""
    value = branch
    for _ in range(_DEEPEST):
        if value.node.op in ("Switch", "RefSwitch"):
            return value.node.inputs[1]
        if not value.node.inputs:
            return None
        value = value.node.inputs[0]
    return None


def _untransformed(left: Value, right: Value) -> Value | None:
    """Returns the value of which the other side is a transform, as it was before the choice."""
    for image, other in ((left, right), (right, left)):
        base = carried(image)
        if _is_transform(other, base):
            return base
    return None


def _is_transform(value: Value, base: Value) -> bool:
    value = carried(value)
    for _ in range(_DEEPEST):
        if value.node.op not in (*_TRANSFORMS, *_GATHERS):
            return False
        value = carried(value.node.inputs[0])
        if value == base:
            return True
    return False


def _blended(served: Served, node: Node) -> Value | None:
    """Returns x of `f * transform(x) + (1 - f) * x`, where f is drawn."""
    one, two = (_noise_factor(served, value) for value in node.inputs)
    if one is None or two is None or not (_is_rest(one[0], two[0]) or _is_rest(two[0], one[0])):
        return None
    return _untransformed(one[1], two[1])


def _noise_factor(served: Served, value: Value) -> tuple[Value, Value] | None:
    """Returns (random factor, what it is multiplied with) of a product."""
    if value.node.op != "Mul" or len(value.node.inputs) != 2:
        return None
    left, right = value.node.inputs
    if served.is_noise(left):
        return left, right
    return (right, left) if served.is_noise(right) else None


def _is_rest(value: Value, other: Value) -> bool:
    """Whether a value is 1 - other."""
    node = value.node
    return node.op == "Sub" and node.inputs[1] == other and scalar(node.inputs[0]) == 1
