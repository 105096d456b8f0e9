"""The parts of a graph that hang together and stay behind as a whole: pipelines and Python functions."""

from __future__ import annotations

from typing import NamedTuple

from compat_saver.graph.ir import Node
from compat_saver.graph.op_sets import PYTHON_OPS, TABLE_OPS
from compat_saver.graph.ops import known_facts
from compat_saver.proto.messages import Message

_PIPELINE_WORDS = (
    *("Queue", "Reader", "Iterator", "Dataset", "StagingArea", "Stage", "Unstage"),
    *("OptionalGetValue", "BufferingResource", "RecordInput", "InfeedDequeue"),
)


class Subsystem(NamedTuple):
    """Why parts of one kind cannot be migrated, and what a person can do.

    Attributes:
        reason: a phrase.
        instead: what a person can do, a sentence without its end, for a flag follows.
    """

    reason: str
    instead: str


_PIPELINE = Subsystem("an input pipeline, which is no part of a served model", "Take what it delivers as input instead")
_PYTHON = Subsystem("calls a Python function that no file holds", "Take what it returns as input instead")


def subsystem(op: str) -> Subsystem | None:
    """Returns what an op is a part of, or None."""
    if op in PYTHON_OPS:
        return _PYTHON
    return _PIPELINE if _is_pipeline(op) else None


def is_pipeline(node: Node) -> bool:
    """Whether a node is a queue, a reader, an iterator or the like, or works on one."""
    return _is_pipeline(node.op)


def is_python(node: Node) -> bool:
    """Whether a node calls a Python function."""
    return node.op in PYTHON_OPS


def is_table(node: Node | Message) -> bool:
    """Whether a node, or the NodeDef of one, makes a lookup table."""
    return node.op in TABLE_OPS


def _is_pipeline(op: str) -> bool:
    return op in known_facts() and any(word in op for word in _PIPELINE_WORDS)
