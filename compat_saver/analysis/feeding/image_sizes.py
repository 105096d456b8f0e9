"""The size of encoded images, as the graph records it of what is decoded."""

from __future__ import annotations

from compat_saver.analysis.known_values import static_shape
from compat_saver.graph import Graph, Value

_DECODERS = frozenset({"DecodePng", "DecodeJpeg", "DecodeGif", "DecodeBmp", "DecodeImage"})
_KEEPERS = frozenset(
    [
        *("Identity", "Cast", "ExpandDims", "Squeeze", "Mul", "Add", "AddV2", "Sub", "Div", "RealDiv", "ReverseV2"),
        *("Unpack", "Pack", "Split", "ConcatV2", "Merge", "Switch", "StopGradient", "Minimum", "Maximum"),
    ]
)
"""Ops behind a decoder that keep the height and the width."""


def decoded_size(graph: Graph) -> tuple[int, int] | None:
    """Returns the height and width of the first decoded image of which a size is recorded, as set_shape does.

    Args:
        graph: as it was read, with the shapes that it records.
    """
    for node in graph:
        if node.op in _DECODERS and (size := _recorded_behind(graph, node.output())) is not None:
            return size
    return None


def _recorded_behind(graph: Graph, value: Value) -> tuple[int, int] | None:
    seen, pending = {value}, [value]
    while pending:
        found = pending.pop(0)
        shape = static_shape(graph, found)
        if shape is not None and len(shape) in (3, 4):
            height, width = shape[-3:-1]
            if height and width:
                return height, width
        for node in (use.node for use in found.uses if use.node.op in _KEEPERS):
            fresh = [output for output in node.used_outputs or (node.output(),) if output not in seen]
            seen.update(fresh)
            pending += fresh
    return None
