"""Passes that preserve what an op computed in the release that wrote the graph, where that has changed since."""

from compat_saver.passes.legacy_behavior.changed_defaults import LegacyDecodeJpegAndDequantize, LegacyReduceJoin
from compat_saver.passes.legacy_behavior.ctc_beam_search import LegacyCtcBeamSearch
from compat_saver.passes.legacy_behavior.resize_nearest_neighbor import LegacyResizeNearestNeighbor
from compat_saver.passes.legacy_behavior.rounding import QuantizeAndDequantize, RoundIntegers
from compat_saver.passes.op_replacement import OpReplacement

LEGACY_BEHAVIOR_PASSES: tuple[type[OpReplacement], ...] = (
    LegacyDecodeJpegAndDequantize,
    LegacyCtcBeamSearch,
    LegacyResizeNearestNeighbor,
    QuantizeAndDequantize,
    LegacyReduceJoin,
    RoundIntegers,
)
"""These passes in the order in which they run; the order is free."""
