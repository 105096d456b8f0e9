"""The variables that a meta graph's collections list, merged into one record each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from google.protobuf.message import DecodeError

from compat_saver.proto.messages import Message, VariableDef

TRAINABLE_VARIABLES = "trainable_variables"
"""The key of tf.GraphKeys.TRAINABLE_VARIABLES; that of GLOBAL_VARIABLES is plain "variables"."""

_GLOBAL_VARIABLES = "variables"
_TENSOR_NAME = re.compile(r"[^:^]+:\d+")


@dataclass(frozen=True)
class SliceInfo:
    """Which part of a partitioned variable a variable is.

    Attributes:
        full_name: the name of the whole, which is its name in the checkpoint.
        full_shape: the shape of the whole.
        offset: where the part starts, per dimension.
        shape: the shape of the part.
    """

    full_name: str
    full_shape: tuple[int, ...]
    offset: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class VariableRecord:
    """A variable as TF1 wrote it down.

    Attributes:
        name: the name of its node, without ":0".
        initializer: the op that gives it its first value; "" where none was written.
        snapshot: the tensor that reads it; "" where none was written.
        is_resource: whether it is a resource variable.
        trainable: whether TF1 counted it among the trainable ones.
        slice_info: for a part of a partitioned variable, which part.
        collections: the keys of the collections it is in, sorted.
    """

    name: str
    initializer: str
    snapshot: str
    is_resource: bool
    trainable: bool
    slice_info: SliceInfo | None
    collections: tuple[str, ...]


def variable_records(collections: Mapping[str, Message]) -> tuple[VariableRecord, ...]:
    """Returns the variables of all collections that hold VariableDefs, custom collections included.

    They come in the order of the global collection, then of the others by key, as TF1 made them. A map of protobuf has
    no order of its own.
    """
    found: dict[str, VariableRecord] = {}
    for key in sorted(collections, key=lambda key: (key != _GLOBAL_VARIABLES, key)):
        for definition in _variable_defs(collections[key]):
            record = _record(definition, key)
            known = found.get(record.name)
            found[record.name] = record if known is None else _merged(known, record)
    return tuple(found.values())


def _merged(known: VariableRecord, other: VariableRecord) -> VariableRecord:
    return replace(
        known,
        initializer=known.initializer or other.initializer,
        snapshot=known.snapshot or other.snapshot,
        is_resource=known.is_resource or other.is_resource,
        trainable=known.trainable or other.trainable,
        slice_info=known.slice_info or other.slice_info,
        collections=tuple(sorted({*known.collections, *other.collections})),
    )


def _record(definition: Message, key: str) -> VariableRecord:
    return VariableRecord(
        name=definition.variable_name.rpartition(":")[0],
        initializer=definition.initializer_name,
        snapshot=definition.snapshot_name,
        is_resource=definition.is_resource,
        # The field came with 1.12; before that the collection alone decides.
        trainable=definition.trainable or key == TRAINABLE_VARIABLES,
        slice_info=_slice_info(definition),
        collections=(key,),
    )


def _slice_info(definition: Message) -> SliceInfo | None:
    if not definition.HasField("save_slice_info_def"):
        return None
    info = definition.save_slice_info_def
    return SliceInfo(info.full_name, tuple(info.full_shape), tuple(info.var_offset), tuple(info.var_shape))


def _variable_defs(collection: Message) -> list[Message]:
    """Returns the VariableDefs of a collection, or none if one of its values is anything else."""
    definitions = []
    for value in collection.bytes_list.value:
        try:
            definition = VariableDef.FromString(value)
        except DecodeError:
            return []
        if not _looks_right(definition):
            return []
        definitions.append(definition)
    return definitions


def _looks_right(definition: Message) -> bool:
    """Distinguishes a VariableDef from the other messages in collections, which share its first fields.

    In SaverDef, CondContextDef, WhileContextDef and QueueRunnerDef these are texts as well, but a context and a queue
    are named without a port, and a saver's third text is an op.
    """
    return (
        _TENSOR_NAME.fullmatch(definition.variable_name) is not None
        and ":" not in definition.initializer_name
        and (not definition.snapshot_name or _TENSOR_NAME.fullmatch(definition.snapshot_name) is not None)
        and bool(definition.initializer_name or definition.snapshot_name)
    )
