"""Finds where a model starts that takes its examples out of a pipeline instead of a placeholder.

A queue, a reader, an iterator or a Python function cannot be served, but its output can be an input. The model starts
after the last of them: what is decoded, cast or normalized after that depends on no file and stays in,
a serialized example stays the string it is. In addition to the ops of pipelines the following count as such:

1. A Python function, unless it depends on variables: then it is a part of the model, and no input could stand for it.
2. ReadFile of a path that is not fed: the file is on the machine that trained.
3. A placeholder whose default is the output of a pipeline: it is there to be fed.
4. What picks rows of data that is stored in the graph, where a queue holds nothing but positions (`Range`).
5. What unpacks a sparse tensor that a pipeline carries: its three parts are the inputs. Likewise an optional element.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.ops.unsupported_ops import is_pipeline, is_python
from compat_saver.analysis.ops.way_around import way_around
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.errors import and_more
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS, PYTHON_OPS
from compat_saver.graph.ops import OpCatalog

_PICKING_OPS = ("Gather", "GatherV2", "GatherNd", "Slice", "StridedSlice")
_UNPACKING_OPS = ("DeserializeSparse", "DeserializeManySparse", "TakeManySparseFromTensorsMap")
_SPARSE_PARTS = ("indices", "values", "dense_shape")
_FILE_OP = "ReadFile"
_DEFAULT_OP = "PlaceholderWithDefault"
_OPTIONAL_OP = "OptionalGetValue"
_MOST_NAMES = 8


class Delivery(NamedTuple):
    """The output of a pipeline, which becomes an input.

    Attributes:
        value: the tensor.
        key: what to call it, a word.
        shape: its static shape, as the graph or the pipeline declares it.
        reason: what was cut away and why, a sentence.
    """

    value: Value
    key: str
    shape: Shape
    reason: str


def deliveries(
    graph: Graph, catalog: OpCatalog, outputs: Collection[Value], inputs: Collection[Value] = ()
) -> tuple[Delivery, ...]:
    """Returns the pipeline outputs that some outputs depend on, by name; empty if they need none or cannot do without.

    Args:
        graph: the whole graph.
        catalog: the definitions that hold for it.
        outputs: the requested outputs.
        inputs: what is given already.
    """
    needed = needed_from(outputs, inputs)
    sources = _sources(needed)
    if not sources:
        return ()
    way = way_around(graph, catalog, outputs, inputs, sources)
    if not way.inputs:
        return ()
    found = sorted(way.tensors, key=lambda value: (value.node.name, value.index))
    return tuple(_explained(_named_apart([_delivery(graph, value, needed, outputs) for value in found])))


def _sources(needed: Collection[Node]) -> set[Node]:
    """Returns the pipelines' ops among some nodes, and all that counts as such."""
    sources = {node for node in needed if is_pipeline(node)}
    for node in needed:
        if node.op == _FILE_OP or is_python(node):
            before = needed_from(node.inputs)
            own = variable_nodes(before) if is_python(node) else (item for item in before if item.op in PLACEHOLDER_OPS)
            if next(iter(own), None) is None:
                sources.add(node)
        elif node.op in (_DEFAULT_OP, _OPTIONAL_OP, *_UNPACKING_OPS) and any(
            is_pipeline(item) or is_python(item) for item in needed_from(node.inputs)
        ):
            sources.add(node)
    sources |= set(_picked(needed))
    return sources | {node for node in needed if _waits(node, sources)}


def _waits(node: Node, sources: Collection[Node]) -> bool:
    """Whether a node returns what a pipeline read once more is read: tf.train.batch does so if a tensor is sparse."""
    is_one = node.op == "Identity" and node.inputs[0].node in sources
    return is_one and any(other in sources for other in node.control_inputs)


def _picked(needed: Collection[Node]) -> Iterator[Node]:
    """Yields the nodes that pick rows of the graph's own data by positions from a queue."""
    pending = [node.output() for node in needed if "Dequeue" in node.op and _delivers_positions(node)]
    seen = set(pending)
    while pending:
        for use in pending.pop().uses:
            if use.node not in needed:
                continue
            if use.node.op in _PICKING_OPS and use.position > 0 and _is_constant(use.node.inputs[0]):
                yield use.node
                continue
            ahead = [value for value in use.node.used_outputs if value not in seen]
            seen.update(ahead)
            pending += ahead


def _delivers_positions(dequeue: Node) -> bool:
    """Whether a queue is filled from a Range, shuffled or not: tf.train.range_input_producer."""
    queue = dequeue.inputs[0] if dequeue.inputs else None
    filled = [] if queue is None else [use.node for use in queue.uses if "Enqueue" in use.node.op]
    values = [origin(value, ("Identity", "RandomShuffle")) for node in filled for value in node.inputs[1:]]
    return bool(values) and all(value.node.op == "Range" for value in values)


def _is_constant(value: Value) -> bool:
    before = needed_from([value])
    return not any(is_pipeline(node) or node.op in PLACEHOLDER_OPS for node in before) and not any(
        variable_nodes(before)
    )


def _delivery(graph: Graph, value: Value, needed: Collection[Node], outputs: Collection[Value]) -> Delivery:
    part = origin(value, ("Identity",))
    source = part.node
    shape = static_shape(graph, value)
    shape = _declared_shape(part) if shape is None else shape
    while (named := _handed_on(value, needed, outputs)) is not None:
        value = named
        known = static_shape(graph, value)
        shape = shape if known is None else known
    what = f"{source.name!r} ({source.op}) {_WHAT.get(source.op, 'returns what a pipeline read')}"
    key = _sparse_key(part, needed) if source.op in _UNPACKING_OPS else key_of(value, shape, needed)
    return Delivery(value, key, shape, what)


def _explained(found: Sequence[Delivery]) -> Iterator[Delivery]:
    """Yields the inputs with a reason that those of one op share."""
    names: dict[str, list[str]] = {}
    for item in found:
        names.setdefault(item.reason, []).append(item.value.name)
    for item in found:
        alike = names[item.reason]
        are = f"{and_more(alike, _MOST_NAMES)} are inputs" if len(alike) > 1 else f"{alike[0]!r} is an input"
        yield item._replace(reason=f"{item.reason}; a served model is given it: {are}.")


_WHAT = {
    _FILE_OP: "reads a file of the machine that trained",
    _DEFAULT_OP: "is there to be fed, and takes what a pipeline read if it is not",
    **dict.fromkeys(PYTHON_OPS, "calls a Python function that is not stored in the file"),
    **dict.fromkeys(_PICKING_OPS, "picks examples from data that is stored in the graph"),
    **dict.fromkeys(_UNPACKING_OPS, "returns a sparse tensor that a pipeline read"),
}


def _handed_on(value: Value, needed: Collection[Node], outputs: Collection[Value]) -> Value | None:
    """Returns the Identity that alone reads a value: programs name the output of a queue by one."""
    readers = [use.node for use in value.uses if use.node in needed]
    is_alone = len(readers) == 1 and readers[0].op == "Identity" and not readers[0].control_inputs
    return readers[0].output() if is_alone and value not in outputs and readers[0].output() not in outputs else None


def _declared_shape(value: Value) -> Shape:
    """Returns the shape that an iterator, a queue or a reader declares."""
    node = value.node
    if node.op in _UNPACKING_OPS:
        return ((None, None), (None,), (None,))[value.index]
    shapes = node.attr.shapes("output_shapes")
    if shapes:
        return shapes[value.index] if value.index < len(shapes) else None
    if node.op.startswith("ReaderRead") or node.op == _FILE_OP:
        return (None,) if "UpTo" in node.op else ()
    if node.op.startswith("QueueDequeue") and node.inputs:
        shapes = node.inputs[0].node.attr.shapes("shapes")
        if value.index >= len(shapes) or shapes[value.index] is None:
            return None
        return (*_batch(node), *(shapes[value.index] or ()))
    return None


def _batch(dequeue: Node) -> tuple[int | None, ...]:
    """Returns the dimension that a dequeue of several adds: a number if exactly so many always come."""
    if "Many" not in dequeue.op and "UpTo" not in dequeue.op:
        return ()
    count = constant_value(dequeue.inputs[1]) if "Many" in dequeue.op and len(dequeue.inputs) > 1 else None
    return (None if count is None or count.size != 1 else int(count.item()),)


# ---- the key of such an input: the name the user gave it, or what it is by its readers and shape


# The names that TensorFlow gives if the program gives none.
_GENERIC_NAME = re.compile(
    r"(\w*GetNext\w*|OptionalGetValue|\w*_?Dequeue(Many|UpTo)?(V2)?|ReaderRead(UpTo)?(V2)?|(Eager)?PyFunc(Stateless)?"
    r"|(Ordered)?(Map)?Unstage(NoKey)?|\w*StagingArea_get|ReadFile|RecordInput|Identity|Gather\w*|(Strided)?Slice"
    r"|strided_slice|control_dependency|PlaceholderWithDefault|Squeeze|ExpandDims)(_\d+)?"
)
_COLUMN = re.compile(
    r"(?:.*/)?(?:(?:sequence_)?input_layer|linear_model|(?:dense|sequence)_features)(?:_\d+)?"
    r"/(\w+?)(?:_embedding|_indicator|_bucketized)*(?:_\d+)?/.*"
)
"""Where the layers of tf.feature_column work on one feature."""

_CROSS, _BUCKETIZED = "_X_", "_bucketized"

_READERS = {
    **dict.fromkeys(
        ("DecodeJpeg", "DecodePng", "DecodeGif", "DecodeBmp", "DecodeImage", "DecodeAndCropJpeg"), "image_bytes"
    ),
    **dict.fromkeys(("ParseExample", "ParseExampleV2", "ParseSingleExample"), "examples"),
    **dict.fromkeys(("ParseSequenceExample", "ParseSingleSequenceExample"), "examples"),
    **dict.fromkeys(("DecodeWav", "AudioSpectrogram"), "audio"),
    "DecodeRaw": "raw_bytes",
    "DecodeCSV": "lines",
    "StringSplit": "text",
    "StringSplitV2": "text",
}
_LABELS = (("SparseSoftmaxCrossEntropyWithLogits", 1), ("SoftmaxCrossEntropyWithLogits", 1), ("InTopK", 1))
_LABEL_SCOPE = "/labels/"
"""Where the heads of tf.estimator prepare labels."""
_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")
_SAME_THING = (
    *("Identity", "Cast", "Reshape", "ExpandDims", "Squeeze", "ConcatV2", "Pack", "Transpose", "OneHot"),
    *("Sub", "Add", "AddV2", "Mul", "Div", "RealDiv"),
)
_MOST_STEPS = 100


def _named_apart(found: list[Delivery]) -> list[Delivery]:
    """Returns the inputs, those that only a crossed column reads by the one of its features that no other input is."""
    for place, item in enumerate(found):
        keys = {other.key for other in found}
        parts = [part.removesuffix(_BUCKETIZED) for part in item.key.split(_CROSS)]
        rest = [part for part in parts if part not in keys]
        if len(parts) > 1 and len(rest) == 1:
            found[place] = item._replace(key=rest[0])
    return found


def key_of(value: Value, shape: Shape, needed: Collection[Node]) -> str:
    """Returns a word for a pipeline output; several may get the same.

    Args:
        value: the tensor.
        shape: its static shape.
        needed: the nodes that the wanted outputs need; others that read it tell nothing.
    """
    last = value.node.name.rsplit("/", 1)[-1]
    if not _GENERIC_NAME.fullmatch(last):
        return last if value.index == 0 else f"{last}_{value.index}"
    if shape is not None and len(shape) in (3, 4) and shape[-1] in (1, 3, 4):
        return "image"
    return _by_readers(value, needed) or ("features" if shape is not None and len(shape) > 1 else "input")


def _sparse_key(part: Value, needed: Collection[Node]) -> str:
    """Returns a word for one of the three parts of a sparse tensor, all of which name the same thing."""
    parts = [part.node.output(index) for index in (1, 0, 2)]
    named = next(filter(None, (_by_readers(value, needed) for value in parts)), "input")
    return f"{named}_{_SPARSE_PARTS[part.index]}"


def _by_readers(value: Value, needed: Collection[Node]) -> str:
    """Looks ahead, through what leaves a value the thing it is, for a reader from which its meaning is known.

    A column that crosses features names all of them; another column names one.
    """
    pending, seen, crossed = [value], {value}, ""
    while pending and len(seen) < _MOST_STEPS:
        for use in pending.pop(0).uses:
            reader = use.node
            if reader not in needed:
                continue
            column = _COLUMN.fullmatch(reader.name)
            if column is not None and _CROSS not in column[1]:
                return column[1]
            if column is not None:
                crossed = crossed or column[1]
                bucketized = [part for part in column[1].split(_CROSS) if part.endswith(_BUCKETIZED)]
                if reader.op == "Bucketize" and len(bucketized) == 1:
                    return bucketized[0].removesuffix(_BUCKETIZED)
            if (reader.op, use.position) in _LABELS or _LABEL_SCOPE in reader.name:
                return "labels"
            if reader.op in _READERS:
                return _READERS[reader.op]
            if reader.op in _LOOKUPS and use.position == 1:
                return "ids"
            if reader.op in _SAME_THING and reader.output() not in seen:
                seen.add(reader.output())
                pending.append(reader.output())
    return crossed
