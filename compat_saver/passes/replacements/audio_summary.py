"""AudioSummary -> AudioSummaryV2: the sample rate was an attribute and is an input."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor


class AudioSummaryV2(Successor):
    """Gives each AudioSummary its sample rate as a constant input."""

    name = "audio_summary_v2"
    ops: ClassVar = {"AudioSummary": "AudioSummaryV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one AudioSummary."""
        rate = build.constant(node.attrs.pop("sample_rate").f, "float32")
        node.set_inputs([*node.inputs, rate])
        node.op = "AudioSummaryV2"
