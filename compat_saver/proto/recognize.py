"""Which message a file holds: a protobuf file has no magic number, so its first fields decide.

message       binary: top-level fields                               text: first word
GraphDef      1 = NodeDef (a name, then an op)                       node, versions, library
MetaGraphDef  1 = MetaInfoDef (no NodeDef), 2 = GraphDef             meta_info_def, graph_def, ...
SavedModel    1 = the schema version, a varint; 2 = MetaGraphDef     saved_model_schema_version, meta_graphs

Writers may leave out a field that is zero or empty: TF1 Hub modules have SavedModels without a schema version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap

from compat_saver.proto.wire import LENGTH, VARINT, Field, WireError, fields

GRAPH_DEF, META_GRAPH_DEF, SAVED_MODEL, CHECKPOINT_STATE = "GraphDef", "MetaGraphDef", "SavedModel", "CheckpointState"

_FIRST_WORDS = {
    GRAPH_DEF: ("node", "versions", "version", "library"),
    META_GRAPH_DEF: ("meta_info_def", "graph_def", "saver_def", "collection_def", "signature_def", "asset_file_def"),
    SAVED_MODEL: ("saved_model_schema_version", "meta_graphs"),
    CHECKPOINT_STATE: (
        "model_checkpoint_path",
        "all_model_checkpoint_paths",
        "all_model_checkpoint_timestamps",
        "last_preserved_timestamp",
    ),
}
_MESSAGE_OF = {word: message for message, words in _FIRST_WORDS.items() for word in words}

_FIRST_WORD = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*([a-z_]+)\s*[:{<]")
_NODE_NAME = re.compile(rb"[A-Za-z0-9.^_][\w./>\\-]*")
_OP_NAME = re.compile(rb"[A-Za-z_][\w>./-]*")
_TEXT_HEAD = 65536
_FEW = 100


@dataclass(frozen=True)
class Recognized:
    """The message in a file and the form it is written in."""

    message: str
    is_text: bool


def recognize(data: bytes | mmap) -> Recognized | None:
    """Returns which message the bytes hold, or None; a file that was cut short is recognized all the same."""
    word = _FIRST_WORD.match(data[:_TEXT_HEAD])
    if word is not None and (message := _MESSAGE_OF.get(word[1].decode())) is not None:
        return Recognized(message, is_text=True)
    found = _binary(data, 0, len(data))
    return Recognized(found, is_text=False) if found is not None else None


def _binary(data: bytes | mmap, start: int, end: int) -> str | None:
    """Cases, by the first field 1 and the first field 2, of which a message may lack either."""
    one, two = _first_of_each(data, start, end)
    if one is not None and one.wire_type == VARINT:
        return SAVED_MODEL if two is not None and two.wire_type == LENGTH else None
    if one is not None and _is_node(data, one):
        return GRAPH_DEF
    if two is None or two.wire_type != LENGTH:
        return None
    inside = _binary(data, two.start, two.end)
    if inside == GRAPH_DEF or (one is not None and two.start == two.end):
        return META_GRAPH_DEF
    return SAVED_MODEL if inside == META_GRAPH_DEF and one is None else None


def _first_of_each(data: bytes | mmap, start: int, end: int) -> tuple[Field | None, Field | None]:
    found: dict[int, Field] = {}
    try:
        for count, field in enumerate(fields(data, start, end)):
            found.setdefault(field.number, field)
            # A GraphDef has thousands of fields 1 and no field 2; its first node decides.
            if len(found.keys() & {1, 2}) == 2 or count > _FEW:
                break
    except WireError:
        pass
    return found.get(1), found.get(2)


def _is_node(data: bytes | mmap, field: Field) -> bool:
    if field.wire_type != LENGTH:
        return False
    name, op = _first_of_each(data, field.start, field.end)
    return _holds(data, name, _NODE_NAME) and _holds(data, op, _OP_NAME)


def _holds(data: bytes | mmap, field: Field | None, pattern: re.Pattern[bytes]) -> bool:
    if field is None or field.wire_type != LENGTH or field.end - field.start > _TEXT_HEAD:
        return False
    return pattern.fullmatch(data[field.start : field.end]) is not None
