"""CTCBeamSearchDecoder of TensorFlow 0.12 to 1.10: its log_probability was not normalized.

Every step of the search adds a logit of that step. The old op subtracted the largest logit of the step from it, the
current one the logarithm of the sum of all exponentials (tensorflow/core/util/ctc/ctc_beam_search.h, `Step`). The two
differ by the same number for every path, so the paths and their order agree, and the old score of a path is the current
one plus, over the steps of its sequence, log(sum(exp(logits - largest))).
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node, Value
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import LegacyBehavior

_FLOAT, _INT32 = type_attr(1), type_attr(3)
_TIME, _CLASSES = 0, 2


class LegacyCtcBeamSearch(LegacyBehavior):
    """Adds to each log_probability what the old search did not subtract."""

    name = "ctc_scores"
    ops: ClassVar = {"CTCBeamSearchDecoder": "CTCBeamSearchDecoder with log_probability as it was"}
    until: ClassVar = {"CTCBeamSearchDecoder": 27}
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites the readers of one such op's last output; the op stays."""
        scores = node.output(3 * node.attr.int("top_paths"))  # behind three lists of as many outputs each
        readers = scores.uses
        if readers or build.keeps_tensors:
            build.correct(scores, build("AddV2", scores, _not_subtracted(node, build), T=_FLOAT), readers)


def _not_subtracted(node: Node, build: Build) -> Value:
    """The sum over each sequence's steps, of shape [batch, 1]; the op has no gradient, and neither has this."""
    logits = build("StopGradient", node.inputs[0], T=_FLOAT)
    time, classes = build.constant(_TIME, "int32"), build.constant(_CLASSES, "int32")
    largest = build("Max", logits, classes, T=_FLOAT, Tidx=_INT32, keep_dims=True)
    powers = build("Exp", build("Sub", logits, largest, T=_FLOAT), T=_FLOAT)
    steps = build("Log", build("Sum", powers, classes, T=_FLOAT, Tidx=_INT32, keep_dims=False), T=_FLOAT)
    counted = build("Select", _within(node, steps, build), steps, build("ZerosLike", steps, T=_FLOAT), T=_FLOAT)
    total = build("Sum", counted, time, T=_FLOAT, Tidx=_INT32, keep_dims=False)
    return build("ExpandDims", total, build.constant(1, "int32"), T=_FLOAT, Tdim=_INT32)


def _within(node: Node, steps: Value, build: Build) -> Value:
    """Whether a step, of shape [time, batch], is within its sequence."""
    zero, one = build.constant(0, "int32"), build.constant(1, "int32")
    shape = build("Shape", steps, T=_FLOAT, out_type=_INT32)
    count = build("GatherV2", shape, zero, zero, Tparams=_INT32, Tindices=_INT32, Taxis=_INT32)
    number = build("ExpandDims", build("Range", zero, count, one, Tidx=_INT32), one, T=_INT32, Tdim=_INT32)
    lengths = build("ExpandDims", node.inputs[1], zero, T=_INT32, Tdim=_INT32)
    return build("Less", number, lengths, T=_INT32)
