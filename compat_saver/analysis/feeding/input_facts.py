"""What the graph does with an input tells what may be fed: how large, how long, between which numbers, in which format.

A pure look at the graph. Facts are found where elements arrive (`flow.arrivals`): an integer at the indices of a Gather
stays below the rows of its table, a float at a logarithm is positive, a string at a decoder is what that decodes. What
is decoded is looked at in the same way, so that an integer inside a record stays inside its table too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from compat_saver.analysis.feeding.flow import Arrival, Form, arrivals, is_constant, scalar, shape_input
from compat_saver.analysis.feeding.text_formats import Text, Words, best, text_read_by
from compat_saver.analysis.feeding.wanted_shapes import WantedShape, wanted_shape
from compat_saver.analysis.known_values import constant_value, static_shape, stored_shape
from compat_saver.analysis.values.tables import table_of
from compat_saver.graph import Graph, Node, Use, Value


class Domain(Enum):
    """Which real numbers make sense."""

    ANY = "any"
    UNIT = "between 0 and 1"
    PIXELS = "between 0 and 255"


class Meaning(Enum):
    """What an integer stands for."""

    NUMBER = "number"
    LENGTH = "length"
    SIZE = "size"
    ORDER = "order"


@dataclass(frozen=True)
class InputFacts:
    """What is known of one input.

    Attributes:
        low: integers are not below.
        high: integers stay below; None if nothing tells.
        choices: integers are among these, the keys of a table; empty if any will do.
        meaning: of integers: a length within the time axis, a size that shapes are made of, axes in some order, or none
            of these.
        time: of lengths: the input whose axis they are within, by the readers of both, and that axis; None if unknown.
        domain: of floats.
        text: of strings: what is read from them; None if nothing tells.
        wanted: what its readers want of its shape.
    """

    low: int = 0
    high: int | None = None
    choices: tuple[int, ...] = ()
    meaning: Meaning = Meaning.NUMBER
    time: tuple[Value, int] | None = None
    domain: Domain = Domain.ANY
    text: Text | None = None
    wanted: WantedShape = field(default_factory=WantedShape)


_DEEPEST = 8  # a record in base64 in a record: more only a hostile file has


Vocabularies = Mapping[str, Sequence[object]]
"""Name of a table's node -> keys that the table holds, bytes or integers."""


def input_facts(graph: Graph, value: Value, vocabularies: Vocabularies | None = None) -> InputFacts:
    """Returns what a graph tells of one of its inputs.

    Args:
        graph: the graph, before or after the rewrites.
        value: the input.
        vocabularies: the keys of the graph's tables.
    """
    return _Finder(graph, vocabularies or {}).facts(value)


class _Finder:
    def __init__(self, graph: Graph, vocabularies: Vocabularies) -> None:
        self._graph = graph
        self._vocabularies = vocabularies
        self._depth = 0

    def facts(self, value: Value) -> InputFacts:
        if self._depth == _DEEPEST:
            return InputFacts()
        self._depth += 1
        places = list(arrivals(value))
        texts = [text for place in places if (text := text_read_by(place.use, self.facts)) is not None]
        self._depth -= 1
        keys = [key for place in places for key in self._keys(place.use)]
        texts += [Words(words)] if (words := tuple(key for key in keys if isinstance(key, bytes))) else []
        shape = static_shape(self._graph, value)
        low, high = _range(places)
        return InputFacts(
            low=low,
            high=high,
            choices=tuple(key for key in keys if isinstance(key, int)),
            meaning=_meaning(places) if shape is None or len(shape) < 2 else Meaning.NUMBER,
            time=next(filter(None, map(_time_axis, places)), None),
            domain=_domain(places),
            text=best(texts),
            wanted=wanted_shape(value),
        )

    def _keys(self, use: Use) -> Sequence[object]:
        """Returns the keys of the table in which elements are looked up."""
        is_lookup = use.node.op in ("LookupTableFind", "LookupTableFindV2") and use.position == 1
        return self._vocabularies.get(table_of(use.node.inputs[0]).name, ()) if is_lookup else ()


# ---- integers


def _range(places: list[Arrival]) -> tuple[int, int | None]:
    low, high = 0, None
    for place in places:
        bound = _bound(place)
        if bound is None or place.form is None:
            continue
        inside = place.form.elements_below(bound)
        low = max(low, inside.start)
        high = inside.stop if high is None else min(high, inside.stop)
    if any(_is_divisor(place) for place in places):
        low = max(low, 1)
    return (low, high) if high is None or low < high else (0, None)


_DIVISIONS = frozenset({"FloorDiv", "FloorMod", "Div", "RealDiv", "Mod", "TruncateDiv", "TruncateMod"})


def _is_divisor(place: Arrival) -> bool:
    return place.use.node.op in _DIVISIONS and place.use.position == 1 and place.form == Form()


def _bound(place: Arrival) -> int | None:
    """Returns what elements have to stay below where they arrive; None if nothing tells."""
    node, position = place.use
    index_position, finder = _BOUNDS.get(node.op, (-1, None))
    found = finder(node, place.column) if finder is not None and position == index_position else None
    return found if found is not None and found > 0 else None


def _rows(node: Node, column: int | None) -> int | None:
    shape = stored_shape(node.inputs[0])
    axis = scalar(node.inputs[2]) if node.op == "GatherV2" else 0
    if shape is None or axis is None or not -len(shape) <= axis < len(shape):
        return None
    return shape[int(axis)]


def _rows_by_column(node: Node, column: int | None) -> int | None:
    shape = stored_shape(node.inputs[0])
    return shape[column] if shape is not None and column is not None and column < len(shape) else None


def _depth(node: Node, column: int | None) -> int | None:
    depth = scalar(node.inputs[1])
    return None if depth is None else int(depth)


def _size_by_column(place: int) -> Callable[[Node, int | None], int | None]:
    """For ops that scatter into a shape they are given."""

    def find(node: Node, column: int | None) -> int | None:
        sizes = shape_input(node.inputs[place])
        return sizes[column] if column is not None and column < len(sizes) else None

    return find


def _segments(node: Node, column: int | None) -> int | None:
    count = scalar(node.inputs[2])
    return None if count is None else int(count)


def _partitions(node: Node, column: int | None) -> int | None:
    return node.attr.int("num_partitions") or None


def _classes(node: Node, column: int | None) -> int | None:
    """Returns how many classes the scores in the first input are for."""
    value = node.inputs[0]
    for _ in range(4):
        if value.node.op in ("BiasAdd", "Add", "AddV2", "MatMul"):
            weights = stored_shape(value.node.inputs[1])
            if weights:
                return weights[0 if value.node.attr.bool("transpose_b") else -1]
        if not value.node.inputs:
            return None
        value = value.node.inputs[0]
    return None


_BOUNDS: Mapping[str, tuple[int, Callable[[Node, int | None], int | None]]] = {
    **dict.fromkeys(("Gather", "GatherV2", "ResourceGather"), (1, _rows)),
    **dict.fromkeys(("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"), (1, _rows)),
    **dict.fromkeys(("GatherNd", "ResourceGatherNd"), (1, _rows_by_column)),
    **dict.fromkeys(("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin"), (1, _segments)),
    **dict.fromkeys(("SparseSoftmaxCrossEntropyWithLogits", "InTopK", "InTopKV2"), (1, _classes)),
    "OneHot": (0, _depth),
    "DynamicPartition": (1, _partitions),
    "ScatterNd": (0, _size_by_column(2)),
    "SparseToDense": (0, _size_by_column(1)),
}
"""Op -> where it reads indices, and what they have to stay below."""

_COMPARISONS = frozenset({"Less", "LessEqual", "Greater", "GreaterEqual"})
_LENGTHS = {
    "ReverseSequence": 1,
    "CTCGreedyDecoder": 1,
    "CTCBeamSearchDecoder": 1,
    "CTCLoss": 3,
    "CudnnRNNV3": 4,
    "BlockLSTM": 0,
    "BlockLSTMV2": 0,
}
_SHAPES = {
    **dict.fromkeys(("Fill", "RandomUniform", "RandomStandardNormal", "TruncatedNormal", "Empty"), (0,)),
    **dict.fromkeys(("Reshape", "Tile", "BroadcastTo", "Range", "SparseToDense"), (1,)),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), (1,)),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), (0,)),
    "ScatterNd": (2,),
    "Slice": (2,),
}


_ORDERS = {
    **dict.fromkeys(("Transpose", "ExpandDims", "ArgMax", "ArgMin", "Cumsum", "Cumprod", "ReverseV2"), 1),
    **dict.fromkeys(("Sum", "Mean", "Max", "Min", "Prod", "Any", "All"), 1),
    **dict.fromkeys(("GatherV2",), 2),
    "Split": 0,
}
"""Op -> where it reads axes: of a reduction, to reverse, or all of them in another order."""


def _time_axis(place: Arrival) -> tuple[Value, int] | None:
    """Returns the value, and the axis of it, whose steps CTC counts; its scores have the time first."""
    node, position = place.use
    if not node.op.startswith("CTC") or _LENGTHS.get(node.op) != position:
        return None
    value, axis = node.inputs[0], 0
    while value.node.inputs and value.node.op in (*_TIME_KEEPERS, "Transpose"):
        if value.node.op == "Transpose":
            order = constant_value(value.node.inputs[1])
            if order is None:
                return None
            axis = int(order[axis])
        value = value.node.inputs[0]
    return value, axis


_TIME_KEEPERS = ("Identity", "LogSoftmax", "Softmax", "Log", "Add", "AddV2", "BiasAdd", "Cast", "Relu")


def _meaning(places: list[Arrival]) -> Meaning:
    if any(_ORDERS.get(place.use.node.op) == place.use.position for place in places):
        return Meaning.ORDER
    if any(_is_length(place.use) for place in places):
        return Meaning.LENGTH
    is_size = any(place.use.position in _SHAPES.get(place.use.node.op, ()) for place in places)
    return Meaning.SIZE if is_size else Meaning.NUMBER


def _is_length(use: Use) -> bool:
    """Whether elements are held against positions in time, as masks and loops do, or end a sequence."""
    node, position = use
    if node.op in _COMPARISONS:
        return not is_constant(node.inputs[1 - position])
    return _LENGTHS.get(node.op) == position


# ---- floats

_POSITIVE = {
    **dict.fromkeys(("Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Acos", "Asin", "Atanh"), 0),
    **dict.fromkeys(("RealDiv", "Div"), 1),
}
_LARGE = 50.0  # means and scales of pixels are beyond, those of features hardly ever


def _domain(places: list[Arrival]) -> Domain:
    uses = [place.use for place in places]
    if any(_POSITIVE.get(use.node.op) == use.position or _is_root(use) for use in uses):
        return Domain.UNIT
    return Domain.PIXELS if any(_scales_pixels(use) for use in uses) else Domain.ANY


def _is_root(use: Use) -> bool:
    """Whether a value is raised to a power that negative numbers have not."""
    if use.node.op != "Pow" or use.position != 0:
        return False
    power = scalar(use.node.inputs[1])
    return power is None or not power.is_integer()


def _scales_pixels(use: Use) -> bool:
    """Whether a value is divided by something like 255, or something like the mean of pixels is taken from it."""
    node, position = use
    if len(node.inputs) != 2 or node.op not in ("Mul", "RealDiv", "Div", "Sub", "Add", "AddV2"):
        return False
    number = _magnitude(node.inputs[1 - position])
    if number is None or number == 0:
        return False
    if node.op == "Mul":
        return _LARGE < 1 / abs(number) < 1000
    if node.op in ("RealDiv", "Div"):
        return position == 0 and _LARGE < number < 1000
    return _LARGE < (-number if node.op != "Sub" else number) < 256


def _magnitude(value: Value) -> float | None:
    """Returns the mean of a constant of a few elements."""
    shape = stored_shape(value)
    if not is_constant(value) or shape is None or len(shape) > 4:
        return None
    if int(np.prod([size or 0 for size in shape])) > 16:
        return None
    found = constant_value(value)
    return float(found.mean()) if found is not None and found.size and found.dtype.kind in "fiu" else None
