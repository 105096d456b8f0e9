"""Takes out what a meta graph says of nodes that are not in its graph: one such name stops TensorFlow's import.

Some were never there, for programs write collections too (all of tflearn's did); others were left out. What is known
by its collection's key is looked into, as TensorFlow's import does; anything else is the program's own and stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from google.protobuf.message import DecodeError

from compat_saver.graph import Graph
from compat_saver.proto import wire
from compat_saver.proto.messages import Message, SaverDef, VariableDef
from compat_saver.proto.variable_records import variable_records

_VERSION = re.compile(r"(\d+(\.\d+)*)([-.]?(rc|a|alpha|b|beta|dev|post)[-.]?\d*)?")
_UNKNOWN_VERSION = "1.0"
_CONTEXTS = {"cond_context": (2, 3), "while_context": (5, 6, 7, 8, 10)}
"""The fields of the messages in these collections that hold names of tensors."""
_VALUES = {"cond_context": 5, "while_context": 9}
_QUEUE_RUNNERS, _SAVERS = "queue_runners", "savers"
_QUEUE_NAMES = (1, 2, 3, 4)


def drop_dangling(message: Message, graph: Graph) -> tuple[str, ...]:
    """Changes a MetaGraphDef in place, and returns what the user should know of it, a sentence each.

    Args:
        message: the MetaGraphDef.
        graph: its graph, perhaps with nodes added under names that the collections hold.
    """
    notes = []
    for key, collection in sorted(message.collection_def.items()):
        dropped = _prune(key, collection, graph)
        if dropped:
            shown = f" ({dropped[0]!r})" if dropped[0] else ""
            what = f"of the collection {key!r}{shown}"
            notes.append(f"Left out, for the graph does not hold what they name: {len(dropped)} {what}.")
        if collection.WhichOneof("kind") is None:
            del message.collection_def[key]
    if message.HasField("saver_def") and not _has_saver(message.saver_def, graph):
        message.ClearField("saver_def")
        notes.append("The ops of the saver are not in the graph; a new one is made.")
    return (*notes, *_fix_version(message))


def _prune(key: str, collection: Message, graph: Graph) -> list[str]:
    """Takes the dangling entries of one collection out; returns for each a name, as far as one is known."""
    if collection.WhichOneof("kind") == "node_list":
        names = collection.node_list.value
        return _keep(names, lambda name: _is_there(name, graph), str)
    if collection.WhichOneof("kind") != "bytes_list":
        return []
    entries = collection.bytes_list.value
    if key in _CONTEXTS:
        return _keep(entries, lambda data: _has_all(_context_names(key, data), graph), _nothing)
    if key == _QUEUE_RUNNERS:
        return _keep(entries, lambda data: _has_all(_texts(data, _QUEUE_NAMES), graph), _nothing)
    if key == _SAVERS:
        return _keep(entries, lambda data: _has_saver(_parsed(data), graph), _nothing)
    if variable_records({key: collection}):
        for index, data in enumerate(entries):
            entries[index] = _without_dangling_parts(data, graph)
        return _keep(entries, lambda data: _has_variable(data, graph), lambda data: _variable(data).variable_name)
    return []


def _keep(entries: Message, is_kept: Callable[[Message], bool], named: Callable[[Message], str]) -> list[str]:
    kept = [item for item in entries if is_kept(item)]
    dropped = [named(item) for item in entries if not is_kept(item)]
    if dropped:
        del entries[:]
        entries.extend(kept)
    return dropped


def _nothing(data: Message) -> str:
    del data
    return ""


def _is_there(name: str, graph: Graph) -> bool:
    return name.lstrip("^").partition(":")[0] in graph


def _has_all(names: list[str], graph: Graph) -> bool:
    return all(_is_there(name, graph) for name in names)


def _parsed(data: bytes) -> Message:
    try:
        return SaverDef.FromString(data)
    except DecodeError:
        return SaverDef()


def _has_saver(saver: Message, graph: Graph) -> bool:
    names = [saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name]
    return all(names) and _has_all(names, graph)


# ---- variables


def _variable(data: bytes) -> Message:
    return VariableDef.FromString(data)


def _has_variable(data: bytes, graph: Graph) -> bool:
    item = _variable(data)
    names = [item.variable_name, item.initializer_name, item.snapshot_name]
    return _has_all([name for name in names if name], graph)


def _without_dangling_parts(data: bytes, graph: Graph) -> bytes:
    """Returns a VariableDef whose initial value, which TensorFlow can do without, is there or not named."""
    item = _variable(data)
    if not item.initial_value_name or _is_there(item.initial_value_name, graph):
        return data
    item.ClearField("initial_value_name")
    return bytes(item.SerializeToString())


# ---- messages of which no more is known here than where names are


def _context_names(key: str, data: bytes) -> list[str]:
    return [*_texts(data, _CONTEXTS[key]), *_outer_names(_parts(data, _VALUES[key]))]


def _outer_names(values: Iterator[bytes]) -> Iterator[str]:
    """Yields the tensors from outside that a ValuesDef names: a map from names inside to them."""
    for data in values:
        for entry in _parts(data, 2):
            yield from _texts(entry, (2,))


def _texts(data: bytes, numbers: tuple[int, ...]) -> list[str]:
    texts = (part.decode("utf-8", "surrogateescape") for number in numbers for part in _parts(data, number))
    return [text for text in texts if text]


def _parts(data: bytes, number: int) -> Iterator[bytes]:
    for item in wire.fields(data):
        if item.number == number and item.wire_type == wire.LENGTH:
            yield data[item.start : item.end]


# ---- the version


def _fix_version(message: Message) -> Iterator[str]:
    """Gives the meta graph a version that TensorFlow can parse, for it says whether variables say they are trainable.

    Without one TensorFlow believes what the variables say, which before 1.9 was nothing.
    """
    info = message.meta_info_def
    found = info.tensorflow_version
    if not found and not any(_says_trainable(item) for item in message.collection_def.values()):
        info.tensorflow_version = _UNKNOWN_VERSION
    elif found and not _VERSION.fullmatch(found):
        known = _VERSION.match(found)
        info.tensorflow_version = _UNKNOWN_VERSION if known is None else known[1]
        yield f"The graph says that TensorFlow {found!r} wrote it, which TensorFlow cannot parse."


def _says_trainable(collection: Message) -> bool:
    return any(item.trainable for item in variable_records({"": collection}))
